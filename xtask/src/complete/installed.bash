# Completes `@NAME@` in bash.

__@NAME@() {
    local kind line program=@PROGRAM@
    COMPREPLY=()
    [[ -x $program ]] || return 0
    {
        IFS= read -r kind
        while IFS= read -r line; do COMPREPLY+=("$line"); done
    } < <("$program" __complete bash -- \
        "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
    # Ignores the options that this bash does not know.
    compopt +o nospace 2>/dev/null
    compopt -o nosort 2>/dev/null
    case $kind in
        files) compopt -o default 2>/dev/null ;;
        folders) compopt -o dirnames 2>/dev/null ;;
    esac
}

complete -F __@NAME@ @NAME@
