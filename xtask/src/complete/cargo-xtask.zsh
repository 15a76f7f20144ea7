# Completes `cargo xtask` in zsh; anything else is left to the completion that cargo had.

(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }

__cargo_xtask_program=@PROGRAM@
[[ ${_comps[cargo]-} == __cargo_xtask ]] || __cargo_xtask_other=${_comps[cargo]-}

# Completes the words after the first $1 words; fails if they are not for this program.
__cargo_xtask_after() {
    local line kind current=${(Q)PREFIX}
    local -a lines values shown
    local -i width=0
    [[ -x $__cargo_xtask_program ]] || return 1
    lines=("${(@f)$("$__cargo_xtask_program" __complete zsh -- \
        "${(@Q)words[$1 + 1,CURRENT - 1]}" "$current" 2>/dev/null </dev/null)}")
    kind=$lines[1]
    case $kind in
        words) ;;
        files) compset -P '--*='; _files; return 0 ;;
        folders) compset -P '--*='; _files -/; return 0 ;;
        *) return 1 ;;
    esac
    lines=("${(@)lines[2,-1]}")
    for line in "${(@)lines}"; do
        values+=("${line%%$'\t'*}")
        (( ${#values[-1]} > width )) && width=${#values[-1]}
    done
    for line in "${(@)lines}"; do
        shown+=("${(r:width:)${line%%$'\t'*}}  ${line#*$'\t'}")
    done
    (( $#values )) && compadd -V xtask -l -d shown -a -- values
    return 0
}

# Called by the completion of cargo itself for `cargo xtask`.
_cargo-xtask() {
    __cargo_xtask_after 1
}

__cargo_xtask() {
    local -i index=2
    while (( index < CURRENT )) && [[ $words[index] == [+-]* ]]; do (( index++ )); done
    if (( index < CURRENT )) && [[ $words[index] == xtask ]] && __cargo_xtask_after index; then
        return 0
    fi
    ${__cargo_xtask_other:-_default} "$@"
}

compdef __cargo_xtask cargo
