# Completion of ibmcloud-token for fish. It runs the program in PATH, and never one at a path that is being typed.

function __ibmcloud_token_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (printf '%s\0' $words "$current" | command ibmcloud-token completions --words 2>/dev/null)
    switch "$lines[1]"
        case program
            # The words of the answer count from 0, and those of fish from 1.
            set -l first (math $lines[2] + 1)
            if test $first -gt (count $words)
                complete -C "$current"
            else
                complete -C (string join ' ' -- (string escape -- $words[$first..-1]) "$current")
            end
            return
        case files
            for file in (__fish_complete_path "$lines[3]")
                printf '%s\n' "$lines[2]$file"
            end
    end
    printf '%s\n' $lines[4..-1]
end

complete -c ibmcloud-token -f -a '(__ibmcloud_token_complete)'
