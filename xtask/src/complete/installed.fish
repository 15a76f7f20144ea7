# Completes `@NAME@` in fish.

function __@NAME@_complete
    set -l program @PROGRAM@
    test -x $program; or return
    set -l words (commandline -opc)
    set -e words[1]
    set -l raw (commandline -ct)
    set -l current (string unescape -- $raw 2>/dev/null); or set current $raw
    set -l lines ($program __complete fish -- $words "$current" 2>/dev/null </dev/null)
    set -l option (string match -r -- '^--[^=]*=' "$current")
    # As it is typed: fish knows what `~` and blanks in it mean.
    set -l path (string replace -r -- '^(["\']?)--[^=]*=' '$1' "$raw")
    switch "$lines[1]"
        case words
            test (count $lines) -lt 2; or printf '%s\n' $lines[2..]
        case files
            printf '%s\n' "$option"(complete -C "'' $path")
        case folders
            printf '%s\n' "$option"(complete -C "'' $path" | string match -r '.*/$')
    end
end

complete -c @NAME@ -k -f -a '(__@NAME@_complete)'
