import Glibc

// dsrl-lua run SCRIPT ...   an experiment, which leaves a folder
// dsrl-lua ...              as lua: a prompt, a script, -e, standard input
let words = Array(CommandLine.arguments.dropFirst())
exit(words.first == "run" ? RunCommand.main(Array(words.dropFirst())) : LuaCommand.main(words))
