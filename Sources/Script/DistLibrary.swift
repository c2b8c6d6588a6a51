import LuaBridge
import Ranks
import Tensors

// dsrl.dist: the processes that run this script together, under mpirun.
extension Session {
  func installDist() throws {
    let ranks = ranks
    try lua.module("dsrl.dist",
      doc: "The processes of one run under mpirun: mpirun -n 4 dsrl-lua run SCRIPT. All run the same script; agent:learn learns one agent with all of them, and the first alone writes the run's folder. Every function here is to be called by all ranks, in the same order. MPI (Open MPI, MPICH and its kin) is looked for when there is an mpirun; without one there is one rank.") {
      try $0.value("rank", "integer", "Of this process, from 0, as MPI counts.", ranks.rank)
      try $0.value("size", "integer", "How many ranks there are; 1 without mpirun.", ranks.size)
      $0.function("allreduce", "(tensor: Tensor | table, options?: {op: string?}) -> Tensor",
        "What op (\"mean\", \"sum\", \"max\", \"min\"; \"mean\") makes of the ranks' tensors, element by element. All have one shape.") {
        (tensor: TensorLike, options: LuaTable?) throws -> Tensor in
        var options = options ?? LuaTable()
        let name: String = try options.takeOptional("op") ?? "mean"
        try options.finish()
        guard let operation = Ranks.Operation(rawValue: name) else {
          throw LuaError("'op' must be one of \(Ranks.Operation.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")), got '\(name)'")
        }
        return try ranks.allreduce(tensor.tensor, operation)
      }
      $0.function("broadcast", "(tensor: Tensor | table, options?: {root: integer?}) -> Tensor", "Rank root's tensor (0), on every rank. All have one shape.") {
        (tensor: TensorLike, options: LuaTable?) throws -> Tensor in
        var options = options ?? LuaTable()
        let root: Int = try options.takeOptional("root") ?? 0
        try options.finish()
        return try ranks.broadcast(tensor.tensor, from: root)
      }
      $0.function("gather", "(tensor: Tensor | table) -> Tensor[]?", "The ranks' tensors in their order, on rank 0; nil on the others. All have one shape.") {
        (tensor: TensorLike) throws -> LuaTable? in try ranks.gather(tensor.tensor).map { LuaTable(list: $0.map { .object($0) }) }
      }
      $0.function("barrier", "()", "Waits until every rank is there.") { () throws -> Void in try ranks.barrierForAll() }
      $0.function("traffic", "() -> {messages: integer, bytes: integer, seconds: number}",
        "What this rank has told the others so far: calls of MPI, bytes given, seconds in them (waiting included).") { () -> LuaTable in
        let traffic = ranks.traffic
        return LuaTable([("messages", .int(traffic.messages)), ("bytes", .int(traffic.bytes)), ("seconds", .number(traffic.seconds))])
      }
    }
  }

  func documentDistOptions() {
    lua.registry.document("dsrl.dist.allreduce", options: ["op": "mean, sum, max or min of the ranks' elements (\"mean\")"])
    lua.registry.document(choices: "dsrl.dist.allreduce.op", Ranks.Operation.allCases.map(\.rawValue))
    lua.registry.document("dsrl.dist.broadcast", options: ["root": "the rank whose tensor it is (0)"])
  }
}
