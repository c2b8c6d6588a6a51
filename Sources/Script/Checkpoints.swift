import Diffusion
import Environments
import Files
import FoundationEssentials
import Glibc
import LuaBridge
import Runs
import Tensors

// What stdlib/checkpoints.lua needs of the program: `require "dsrl.host"`. Scripts see dsrl.run.stage and agent:learn.
extension Session {
  func installCheckpoints() throws {
    let checkpoints = folder.map { $0 + "/checkpoints" }
    let functions: [(String, LuaFunction)] = [
      ("mark", try lua.makeFunction("mark") { [unowned self] () throws -> Int in try loggedMetrics()?.size ?? 0 }),
      ("lines", try lua.makeFunction("lines") { [unowned self] (start: Int) throws -> String in
        try loggedMetrics()?.lines(from: start) ?? ""
      }),
      ("replay", try lua.makeFunction("replay") { [unowned self] (lines: String) throws -> Void in try replayMetrics(lines) }),
      ("episode_mark", try lua.makeFunction("episode_mark") { [unowned self] (folder: String) throws -> Int in
        // The clock of an agent's episodes starts when it begins to learn.
        if episodesBegin[folder] == nil { episodesBegin[folder] = Progress.clock() }
        return monitors[folder]?.size ?? 0
      }),
      ("episode_lines", try lua.makeFunction("episode_lines") { [unowned self] (folder: String, start: Int) throws -> String in
        try monitors[folder]?.lines(from: start) ?? ""
      }),
      ("replay_episodes", try lua.makeFunction("replay_episodes") { [unowned self] (folder: String, id: String, lines: String) throws -> Void in
        try replayEpisodes(folder, id, lines)
      }),
      ("add_episode", try lua.makeFunction("add_episode") { [unowned self] (folder: String, id: String, sum: Double, length: Int, success: Bool?) throws -> Void in
        try addEpisode(folder, id, sum, length, success)
      }),
      ("write_evaluations", try lua.makeFunction("write_evaluations") {
        [unowned self] (folder: String, steps: [Int], returns: [[Double]], lengths: [[Int]], successes: [[Bool]]?) throws -> Void in
        guard run != nil else { return }
        let evaluations = steps.indices.map { EvaluatedEpisodes(step: steps[$0], returns: returns[$0], lengths: lengths[$0], successes: successes?[$0]) }
        try LearningFiles.write(evaluations: evaluations, in: folder)
      }),
      ("write_folder", try lua.makeFunction("write_folder") { [unowned self] (path: String, body: LuaFunction) throws -> Void in
        try writeCheckpoint(path, body)
      }),
      ("check_folder", try lua.makeFunction("check_folder") { [unowned self] (path: String) throws -> Bool in try checkCheckpoint(path) }),
      ("mismatch", try lua.makeFunction("mismatch") { [unowned self] (text: String) throws -> Void in throw checkFailure(text) }),
      ("read", try lua.makeFunction("read") { (path: String) in try readText(path) }),
      ("write", try lua.makeFunction("write") { (path: String, text: String) throws -> Void in try AtomicFile.write(text, to: path) }),
      ("save_agent", try lua.makeFunction("save_agent") { (agent: AgentObject, folder: String, previous: String) throws -> Void in
        try agent.save(to: folder, previous: previous)
      }),
      ("save", try lua.makeFunction("save") { (object: LuaValue, path: String) throws -> LuaRest in LuaRest(try saveObject(object, path)) }),
      ("load", try lua.makeFunction("load") { (kind: String, path: String, seed: Int?) throws -> LuaValue in try loadObject(kind, path, seed) }),
      ("stopping", try lua.makeFunction("stopping") { [unowned self] () throws -> String? in try stopRequest().map { StopRequest.name($0) } }),
      ("share", try lua.makeFunction("share") { [unowned self] (agent: AgentObject) throws -> Void in try ranks.share(agent.agent) }),
      ("gather", try lua.makeFunction("gather") { [unowned self] (agent: AgentObject) throws -> Void in try ranks.gather(agent.agent) }),
      ("unshare", try lua.makeFunction("unshare") { [unowned self] (agent: AgentObject) -> Void in ranks.unshare(agent.agent) }),
      ("watch", try lua.makeFunction("watch") { [unowned self] (on: Bool) throws -> Void in try watchStops(on) }),
      ("stop", try lua.makeFunction("stop") { [unowned self] () throws -> Void in try stop() }),
      ("begin_numbers", try lua.makeFunction("begin_numbers") { [unowned self] (name: String) throws -> Void in try beginNumbers(after: name) }),
    ]
    let names = functions.map(\.0)
    try lua.load(
      """
      local names, folder = ...
      local host = {folder = folder}
      for i, name in ipairs(names) do host[name] = select(i + 2, ...) end
      package.preload["dsrl.host"] = function() return host end
      """, name: "=host"
    ).call(passing: [names, checkpoints] + functions.map { $0.1 as any ToLua })
  }

  /// An episode of training that is over, in its agent's folder.
  private func addEpisode(_ folder: String, _ id: String, _ sum: Double, _ length: Int, _ success: Bool?) throws {
    guard run != nil else { return }
    let monitor = try monitors[folder] ?? MonitorFile(folder: folder, environment: id, knowsSuccess: success != nil, elapsed: Progress.clock() - (episodesBegin[folder] ?? Progress.clock()))
    monitors[folder] = monitor
    try monitor.add(return: sum, length: length, success: success)
  }

  /// Episodes that an earlier process of this run wrote.
  private func replayEpisodes(_ folder: String, _ id: String, _ lines: String) throws {
    guard !lines.isEmpty, run != nil else { return }
    if let monitor = monitors[folder] { return try monitor.replay(lines) }
    monitors[folder] = try MonitorFile(folder: folder, environment: id, replaying: lines)
  }

  /// Whether somebody looks at stop requests between steps; a request that came is followed where nobody does any more.
  func watchStops(_ on: Bool) throws {
    StopRequest.watch(on)
    if !on, !StopRequest.isWatched, StopRequest.received != nil { try stop() }
  }

  /// The signal by which the run was asked to end; of several ranks, any of them.
  func stopRequest() throws -> Int32? {
    let own = StopRequest.received
    let agreed = Int32(try ranks.largest(Int(own ?? 0)))
    if own == nil, agreed != 0 { StopRequest.adopt(agreed) }
    return agreed == 0 ? nil : agreed
  }

  /// The script's own random numbers begin anew, the same whether something was done or remembered.
  func beginNumbers(after name: String) throws {
    var stream = RandomStream(seed: seed, purpose: "after " + name)
    let number = Int(truncatingIfNeeded: stream.next() >> 16)
    try lua.load("math.randomseed(...) dsrl.manual_seed(...)", name: "=seed").call(number)
  }

  /// Unwinds the script, whatever it is in; not to be caught.
  func stop() throws {
    Interrupt.request()
    lua.interrupt()
    try lua.checkInterrupt()
  }

  /// An error after which the program ends with the exit code of a failed check.
  private func checkFailure(_ text: String) -> LuaError {
    checkHasFailed = true
    return LuaError(text)
  }

  /// `body` fills the folder; beside what it wrote lie the hashes of that.
  private func writeCheckpoint(_ path: String, _ body: LuaFunction) throws {
    try ranks.onFirst {
      if let run { try FileManager.default.createDirectory(atPath: run.checkpoints, withIntermediateDirectories: true) }
      try AtomicFile.replaceFolder(path) { temporary in
        try body.call(temporary)
        try AtomicFile.write(try JSON.encode(try hashes(of: temporary, sharedWith: path)), to: temporary + "/hashes.json")
      }
    }
  }

  /// Whether there is a checkpoint; one that is not as it was written is an error.
  private func checkCheckpoint(_ path: String) throws -> Bool {
    try ranks.fromFirst { try isCheckpoint(path) ? "there" : "" } == "there"
  }

  private func isCheckpoint(_ path: String) throws -> Bool {
    guard access(path, F_OK) == 0 else { return false }
    let wanted: [String: String]
    do { wanted = try JSON.decode([String: String].self, from: try readBytes(path + "/hashes.json"), source: path + "/hashes.json") } catch {
      throw checkFailure("the checkpoint '\(path)' is damaged: \(error)")
    }
    let found = try hashes(of: path)
    if let name = Set(wanted.keys).union(found.keys).sorted().first(where: { wanted[$0] != found[$0] }) {
      throw checkFailure("the checkpoint '\(path)' is damaged: '\(name)' is not as it was written")
    }
    return true
  }

  /// Of every file; those that are files of `previous` too have the hashes that were written there.
  private func hashes(of folder: String, sharedWith previous: String? = nil) throws -> [String: String] {
    var (result, known): ([String: String], [String: String]) = ([:], [:])
    if let list = previous.map({ $0 + "/hashes.json" }), access(list, R_OK) == 0 {
      // A list that somebody damaged helps nobody, and is about to be replaced.
      do { known = try JSON.decode([String: String].self, from: try readBytes(list), source: list) } catch { known = [:] }
    }
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) where name != "hashes.json" {
      var (status, before) = (stat(), stat())
      guard stat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      if let previous, let hash = known[name], stat(previous + "/" + name, &before) == 0, before.st_dev == status.st_dev, before.st_ino == status.st_ino {
        result[name] = hash
      } else {
        result[name] = try SHA256.hex(file: folder + "/" + name)
      }
    }
    return result
  }
}

/// Writes what a stage returned; gives what `loadObject` wants to make it again.
private func saveObject(_ value: LuaValue, _ path: String) throws -> [LuaValue] {
  switch value {
  case .object(let policy as PolicyObject):
    try policy.diffusion(for: "a stage's file").save(to: path)
    return ["Policy", .int(policy.seed)]
  case .object(let data as DataObject):
    try data.data.save(path)
    return ["DataSet"]
  case .object(let tensor as Tensor):
    try Safetensors.write([("tensor", tensor)], to: path)
    return ["Tensor"]
  default:
    throw LuaError("a stage returns numbers, strings, booleans, tables of them, Tensors, DataSets and Policies, which it can keep in a file; got \(value.brief)")
  }
}

private func loadObject(_ kind: String, _ path: String, _ seed: Int?) throws -> LuaValue {
  switch kind {
  case "Policy": return .object(PolicyObject(try DiffusionPolicy.load(from: path), seed: seed ?? 0))
  case "DataSet": return .object(DataObject(try .load(path)))
  case "Tensor":
    guard let tensor = try Safetensors.read(path).tensors["tensor"] else { throw UsageError("'\(path)' holds no tensor") }
    return .object(tensor)
  default: throw UsageError("a stage keeps no \(kind)")
  }
}
