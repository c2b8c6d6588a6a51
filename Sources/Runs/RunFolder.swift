import FoundationEssentials
import Files
import Glibc
import Tensors

/// The folder where one run leaves everything, with manifest.json kept true from its first moment to its last.
public final class RunFolder {
  public let path: String
  public private(set) var manifest: Manifest
  /// What the run needs in order to go on later; gone once it has finished.
  public var checkpoints: String { path + "/checkpoints" }
  /// Holds the folder for this process alone; -1 where the file system has no locks.
  private let lock: Int32

  /// Makes `out`, or `runs/<script>-<seed>-<yyyymmdd-hhmmss>`; a folder that holds something already is left alone and -2, -3, ... is added.
  public init(_ manifest: Manifest, out: String? = nil, runs: String = "runs") throws {
    self.manifest = manifest
    let file = manifest.script.split(separator: "/").last ?? "script"
    let script = file.hasSuffix(".lua") ? file.dropLast(4) : file
    path = try RunFolder.make(out ?? "\(runs)/\(script)-\(manifest.seed)-\(Manifest.clock("%Y%m%d-%H%M%S", utc: false))")
    lock = try RunFolder.lock(path)
    try save()
  }

  /// Goes on in the folder of a run that was not finished. Its metrics begin anew: what has been done before is logged again, or comes
  /// out of its checkpoints. Throws where another process is in it.
  public init(resuming path: String) throws {
    self.path = path
    manifest = try Manifest.read(path)
    lock = try RunFolder.lock(path)
    try AtomicFile.removeUnfinished(in: path)
    if access(checkpoints, F_OK) == 0 { try AtomicFile.removeUnfinished(in: checkpoints) }
    (manifest.status, manifest.error, manifest.ended) = (.running, nil, nil)
    manifest.resumed.append(Manifest.now())
    if access(path + "/metrics.jsonl", F_OK) == 0 { try AtomicFile.write("", to: path + "/metrics.jsonl") }
    try LearningFiles.remove(in: path)
    try save()
  }

  deinit { if lock >= 0 { close(lock) } }

  /// Records a module that the script loaded, by the hash of its file.
  public func add(module file: String) throws {
    let hash = try SHA256.hex(file: file)
    try amend { $0.modules[file] = hash }
  }

  /// Records what became known after the start: options, threads.
  public func amend(_ change: (inout Manifest) -> Void) throws {
    change(&manifest)
    try save()
  }

  /// Records how the run ended.
  public func end(_ status: Manifest.Status, error: String? = nil) throws {
    (manifest.status, manifest.error, manifest.ended) = (status, error, Manifest.now())
    manifest.peakMemory = max(manifest.peakMemory ?? 0, Manifest.peakMemory())
    try save()
    if status == .finished { try RunFolder.removeCheckpoints(in: path) }
  }

  /// Of a run that has finished, which wants them no more; a process that was killed as it finished may have left them.
  public static func removeCheckpoints(in path: String) throws {
    let folder = "\(path)/checkpoints"
    if access(folder, F_OK) == 0 { try FileManager.default.removeItem(atPath: folder) }
  }

  private func save() throws { try AtomicFile.write(try JSON.encode(manifest), to: path + "/manifest.json") }

  /// Empties a folder where a process was killed while it wrote its first file.
  private static func clearBeginning(_ path: String) throws {
    guard access(path, F_OK) == 0, try AtomicFile.holdsOnlyUnfinished(path), try !isHeld(path) else { return }
    try AtomicFile.removeUnfinished(in: path)
  }

  private static func make(_ wanted: String) throws -> String {
    let wanted = wanted.count > 1 && wanted.hasSuffix("/") ? String(wanted.dropLast()) : wanted
    if let slash = wanted.lastIndex(of: "/"), slash != wanted.startIndex {
      let parent = String(wanted[..<slash])
      do {
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
      } catch { throw UsageError("cannot make the folder '\(parent)': \(error)") }
    }
    try clearBeginning(wanted)
    for number in 1... {
      let path = number == 1 ? wanted : "\(wanted)-\(number)"
      // An empty folder's links are removed and made anew by rmdir; one that holds something refuses.
      if mkdir(path, 0o777) == 0 || (errno == EEXIST && rmdir(path) == 0 && mkdir(path, 0o777) == 0) { return path }
      guard errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR else {
        throw UsageError("cannot make the folder '\(path)': \(String(cString: strerror(errno)))")
      }
    }
    preconditionFailure("the numbers do not end")
  }
}
