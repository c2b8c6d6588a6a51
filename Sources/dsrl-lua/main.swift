import CMalloc
import Glibc

// dsrl-lua run SCRIPT ...   an experiment, which leaves a folder
// dsrl-lua ...              as lua: a prompt, a script, -e, standard input
//
// A tensor of 4 MB and more goes back to the system when it dies; smaller ones stay at hand. glibc left alone would move the first
// bound upwards and hold on to large blocks, or give back the small ones between any two steps.
mallopt(M_MMAP_THRESHOLD, 4 << 20)
mallopt(M_TRIM_THRESHOLD, 64 << 20)

let words = Array(CommandLine.arguments.dropFirst())
exit(words.first == "run" ? RunCommand.main(Array(words.dropFirst())) : LuaCommand.main(words))
