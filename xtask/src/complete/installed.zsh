# Completes `@NAME@` in zsh.

(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }

_@NAME@() {
    local line kind program=@PROGRAM@ current=${(Q)PREFIX}
    local -a lines values shown
    [[ -x $program ]] || return 1
    lines=("${(@f)$("$program" __complete zsh -- \
        "${(@Q)words[2,CURRENT - 1]}" "$current" 2>/dev/null </dev/null)}")
    kind=$lines[1]
    case $kind in
        words) ;;
        files) compset -P '--*='; _files; return 0 ;;
        folders) compset -P '--*='; _files -/; return 0 ;;
        *) return 1 ;;
    esac
    for line in "${(@)lines[2,-1]}"; do
        values+=("${line%%$'\t'*}")
        shown+=("${line%%$'\t'*}  ${line#*$'\t'}")
    done
    (( $#values )) && compadd -V installed -l -d shown -a -- values
    return 0
}

compdef _@NAME@ @NAME@
