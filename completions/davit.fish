# fish completion for davit(1): the words come from davit itself, files from fish.
function __davit_words
    davit complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c davit -n 'test -n "$(__davit_words | string collect)"' -f -a '(__davit_words)'
