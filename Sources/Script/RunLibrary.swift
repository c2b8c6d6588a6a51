import Glibc
import LuaBridge
import Runs
import Tensors

// dsrl.run: where a run's results go. dsrl.threads, dsrl.clock, dsrl.version: what it runs on.
extension Session {
  func installRun() throws {
    try lua.module("dsrl.run", doc: "The run that this script does: its folder, its seed, its metrics.") {
      try $0.value("folder", "string?", "Where the run's results go; nil outside of `dsrl-lua run`.", folder)
      try $0.value("seed", "integer", "--seed of the command line, 0 without it.", seed)
      $0.function(
        "log", "(step: integer, values: {[string]: number})",
        "Adds a line to the run's metrics.jsonl: `step` counts environment steps. Outside of a run nothing is kept."
      ) { [unowned self] (step: Int, values: [String: Double]) throws -> Void in try log(step: step, values) }
      $0.function("path", "(name: string) -> string", "A file's path in the run's folder; outside of a run the name itself.") {
        [unowned self] (name: String) throws -> String in
        guard !name.isEmpty else { throw LuaError("a file's name expected, got an empty string") }
        return name.hasPrefix("/") ? name : folder.map { "\($0)/\(name)" } ?? name
      }
    }
    lua.module("dsrl.run") {
      $0.function(
        "stopping", "() -> string?",
        "Why the run has been asked to end: \"SIGTERM\", \"SIGUSR1\" or \"time limit\"; nil while nobody asks. agent:learn looks at it by itself."
      ) { StopRequest.received.map { StopRequest.name($0) } }
    }
    try lua.module("dsrl") {
      try $0.value("version", "string", "The version of dsrl-lua.", version)
      $0.function(
        "memory", "() -> table", "What is held now: objects (ours that Lua keeps: tensors, environments, functions), tensors (how many blocks of numbers), tensor_bytes, lua_bytes, limit (bytes of both together), peak (bytes of the whole process)."
      ) { [unowned self] () -> LuaTable in
        LuaTable([
          ("objects", .int(lua.objectCount)), ("tensors", .int(Tensor.liveCount)), ("tensor_bytes", .int(Tensor.liveByteCount)), ("lua_bytes", .int(lua.memoryUsed)),
          ("limit", .int(lua.memoryCeiling)), ("peak", .int(Manifest.peakMemory())),
        ])
      }
      $0.function("clock", "() -> number", "Seconds of a clock that only goes forward.") { Progress.clock() }
      $0.function(
        "threads", "(count: integer?) -> integer", "Sets, if given, how many threads a computation may use; returns their number. Results do not depend on it."
      ) { [unowned self] (count: Int?) throws -> Int in
        if let count {
          try Threads.use(count)
          try run?.amend { $0.threads = count }
        }
        return Threads.count
      }
    }
  }
}
