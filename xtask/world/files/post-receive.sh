#!/bin/sh
mkdir -p merge-requests
while read -r old new ref; do
    branch=${ref#refs/heads/}
    file=merge-requests/$(echo "$branch" | tr / ,)
    number=$(sed -n 's/^number=//p' "$file" 2>/dev/null)
    test -n "$number" || number=$(($(ls merge-requests | wc -l) + 1))
    echo "branch=$branch" > "$file"
    echo "number=$number" >> "$file"
    i=0
    while [ "$i" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
        eval "printf '%s\n' \"\$GIT_PUSH_OPTION_$i\"" >> "$file"
        i=$((i + 1))
    done
    echo
    echo "View merge request for $branch:"
    echo "  https://gitlab.example.com/service/app-interface/-/merge_requests/$number"
    echo
done
