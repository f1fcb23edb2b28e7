# Offers codes, and names of the mesh that was typed or lies in the current folder, where something takes them.
_lakewright_named() {
    local kind mesh=.
    local -a names
    case $words[CURRENT-1] in
        (--stack|--print) kind=stacks ;;
        (--dataset) kind=datasets ;;
        (--environment) kind=environments ;;
        (--principal) kind=principals ;;
        (--resource) kind=resources ;;
        (explain) (( CURRENT == 3 )) && kind=codes ;;
    esac
    [[ -n $kind ]] || return 1
    [[ -e $words[3] ]] && mesh=$words[3]
    names=(${(f)"$($words[1] __complete -- $kind $mesh "${(Q)PREFIX}" 2>/dev/null)"})
    (( $#names )) && compadd -a names
}
