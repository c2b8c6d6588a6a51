import FoundationEssentials
import Files
import Glibc
import Tensors

extension Manifest {
  /// What differs from a run that `other` describes, so that neither can go on where the other stopped; nil where nothing does.
  public func difference(from other: Manifest) throws -> String? {
    if scriptSHA256 != other.scriptSHA256 { return "the script has changed" }
    if seed != other.seed { return "its seed is \(seed), not \(other.seed)" }
    if arguments != other.arguments { return "its arguments are \(arguments), not \(other.arguments)" }
    if settings.sorted() != other.settings.sorted() { return "its settings are \(settings), not \(other.settings)" }
    if version != other.version { return "it is of dsrl-lua \(version), this is \(other.version)" }
    for (path, hash) in modules.sorted(by: { $0.key < $1.key }) {
      guard access(path, R_OK) == 0, try SHA256.hex(file: path) == hash else { return "its module '\(path)' has changed" }
    }
    return nil
  }
}

extension RunFolder {
  /// The newest folder below `runs` of a run like `wanted` that has not finished and that no process is in.
  public static func unfinished(like wanted: Manifest, runs: String = "runs") throws -> String? {
    guard let directory = opendir(runs) else { return nil }
    defer { closedir(directory) }
    var found: [(started: String, path: String)] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
      let path = "\(runs)/\(name)"
      guard name != ".", name != "..", access(path + "/manifest.json", R_OK) == 0 else { continue }
      let manifest: Manifest
      do { manifest = try Manifest.read(path) } catch { continue }  // of another version: not ours to go on with
      guard manifest.status != .finished, try manifest.difference(from: wanted) == nil, try !isHeld(path) else { continue }
      found.append((manifest.started, path))
    }
    return found.max { ($0.started, $0.path) < ($1.started, $1.path) }?.path
  }

  /// Takes the folder for this process; throws where another has it.
  static func lock(_ path: String) throws -> Int32 {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw UsageError("cannot open the folder '\(path)': \(String(cString: strerror(errno)))") }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
    let busy = errno == EWOULDBLOCK
    close(descriptor)
    guard !busy else { throw UsageError("another process is at work in '\(path)'") }
    return -1
  }

  static func isHeld(_ path: String) throws -> Bool {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }
}
