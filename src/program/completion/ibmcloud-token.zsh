#compdef ibmcloud-token
# Completion of ibmcloud-token for zsh. It runs the program in PATH, and never one at a path that is being typed.

_ibmcloud-token() {
    local -a before lines values open
    local line value
    before=("${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}")
    lines=("${(@f)$(printf '%s\0' "${before[@]}" | command ibmcloud-token completions --words 2>/dev/null)}")
    if [[ $lines[1] == program ]]; then
        # The words of the answer count from 0.
        shift "${lines[2]}" words
        ((CURRENT -= lines[2]))
        _normal -p ibmcloud-token
        return
    fi
    for line in "${(@)lines[4,-1]}"; do
        [[ -n $line ]] || continue
        value=${${line%%$'\t'*}//:/\\:}
        # A colon is followed by more.
        if [[ $value == *: ]]; then
            open+=("$value:${line#*$'\t'}")
        else
            values+=("$value:${line#*$'\t'}")
        fi
    done
    _describe -t values value values -- open -S ''
    if [[ $lines[1] == files ]]; then
        [[ $PREFIX == ${(b)lines[2]}* ]] || PREFIX=$lines[2]
        compset -p ${#lines[2]}
        _files
    fi
}

if [[ $funcstack[1] == _ibmcloud-token ]]; then
    _ibmcloud-token "$@"
else
    compdef _ibmcloud-token ibmcloud-token
fi
