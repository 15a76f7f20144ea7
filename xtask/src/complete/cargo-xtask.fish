# Completes `cargo xtask` in fish, in addition to what fish completes for cargo.

set -g __cargo_xtask_program @PROGRAM@

# The words after `cargo xtask`, without the current one; fails if another command is typed.
function __cargo_xtask_words
    set -l words (commandline -opc)
    set -e words[1]
    while string match -qr -- '^[+-]' "$words[1]"
        set -e words[1]
    end
    test "$words[1]" = xtask; or return 1
    set -e words[1]
    test -z "$words"; or printf '%s\n' $words
end

function __cargo_xtask_is_typed
    test -x $__cargo_xtask_program; and __cargo_xtask_words >/dev/null
end

function __cargo_xtask_complete
    set -l words (__cargo_xtask_words); or return
    set -l raw (commandline -ct)
    set -l current (string unescape -- $raw 2>/dev/null); or set current $raw
    set -l lines ($__cargo_xtask_program __complete fish -- $words "$current" 2>/dev/null </dev/null)
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

complete -c cargo -n __cargo_xtask_is_typed -k -f -a '(__cargo_xtask_complete)'
