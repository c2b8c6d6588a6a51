import CMalloc
import Glibc
import Ranks

// dsrl-lua run SCRIPT ...   an experiment, which leaves a folder
// dsrl-lua bench SUITE ...  many, with their statistics
// dsrl-lua watch [DIR]      how they come along
// dsrl-lua stats DIR        what they say together
// dsrl-lua doctor           what it runs on, and whether that is well
// dsrl-lua stubs DIR        what editors and readers want to know
// dsrl-lua ...              as lua: a prompt, a script, -e, standard input
//
// A tensor of 4 MB and more goes back to the system when it dies; smaller ones stay at hand. glibc left alone would move the first
// bound upwards and hold on to large blocks, or give back the small ones between any two steps.
mallopt(M_MMAP_THRESHOLD, 4 << 20)
mallopt(M_TRIM_THRESHOLD, 64 << 20)

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "run": leave(RunCommand.main(Array(words.dropFirst())))
case "bench": exit(BenchCommand.main(Array(words.dropFirst())))
case "watch": exit(WatchCommand.main(Array(words.dropFirst())))
case "stats": exit(StatsCommand.main(Array(words.dropFirst())))
case "doctor": exit(Doctor.main(Array(words.dropFirst())))
case "stubs": exit(StubsCommand.main(Array(words.dropFirst())))
default: leave(LuaCommand.main(words))
}

/// Ends the process; of an MPI job that comes to another end than a good one or a stop that all agreed on, every rank.
func leave(_ code: Int32) -> Never {
  Ranks.leave(code, together: [ExitCode.good, ExitCode.stopped, ExitCode.timeLimit].contains(code))
  exit(code)
}
