# Completes `cargo xtask` in bash; anything else is left to the completion that cargo had.

__cargo_xtask_program=@PROGRAM@

# Whether the first word after `cargo` that is no option is `xtask`.
__cargo_xtask_is_typed() {
    local index
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
            xtask) return 0 ;;
            [+-]*) ;;
            *) return 1 ;;
        esac
    done
    return 1
}

# Finds the completion of cargo itself, loading it if necessary, and takes over its options.
__cargo_xtask_find_other() {
    local known word
    known=$(complete -p cargo 2>/dev/null)
    if [[ $known == *' -F __cargo_xtask cargo' ]]; then
        # The loaders of bash-completion 2.12 and of older versions.
        for word in _comp_load _completion_loader; do
            declare -F "$word" >/dev/null || continue
            "$word" cargo >/dev/null 2>&1
            known=$(complete -p cargo 2>/dev/null)
            break
        done
    fi
    __cargo_xtask_spec='complete -o bashdefault -o default -F __cargo_xtask cargo'
    if [[ $known =~ \ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != __cargo_xtask ]]; then
        __cargo_xtask_other=${BASH_REMATCH[1]}
        __cargo_xtask_spec=${known/ -F $__cargo_xtask_other / -F __cargo_xtask }
    fi
    eval "$__cargo_xtask_spec"
}

# Sets options of the current completion; ignores the ones that this bash does not know.
__cargo_xtask_option() {
    compopt +o nospace "$@" 2>/dev/null
    compopt -o nosort 2>/dev/null
}

__cargo_xtask() {
    local kind line
    COMPREPLY=()
    if __cargo_xtask_is_typed && [[ -x $__cargo_xtask_program ]]; then
        {
            IFS= read -r kind
            while IFS= read -r line; do COMPREPLY+=("$line"); done
        } < <("$__cargo_xtask_program" __complete bash -- \
            "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
        case $kind in
            words)
                __cargo_xtask_option +o bashdefault +o default
                return 0
                ;;
            files)
                __cargo_xtask_option -o bashdefault -o default
                return 0
                ;;
            folders)
                __cargo_xtask_option +o bashdefault +o default -o dirnames
                return 0
                ;;
        esac
    fi
    [[ $__cargo_xtask_other ]] || __cargo_xtask_find_other
    [[ $__cargo_xtask_other ]] || return 0
    "$__cargo_xtask_other" "$@"
}

__cargo_xtask_other=
__cargo_xtask_find_other
