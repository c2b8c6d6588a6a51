import CZip
import FoundationEssentials
import Glibc
import Tensors

/// Files and folders that appear whole or not at all: written under another name beside the target, then renamed over it.
public enum AtomicFile {
  public static func write(_ bytes: [UInt8], to path: String) throws {
    try write(to: path) { (file: OutputFile) in try file.write(bytes) }
  }
  public static func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

  /// `body` writes to the file it is given; where it throws, nothing changes.
  public static func write(to path: String, _ body: (OutputFile) throws -> Void) throws {
    try replace(path) { temporary in try body(try OutputFile(temporary)) }
  }

  /// `body` makes a file at the path it is given; where it throws, nothing changes.
  public static func replace(_ path: String, _ body: (_ temporary: String) throws -> Void) throws {
    try inPlace(of: path) { temporary in
      try body(temporary)
      try sync(temporary)
      guard rename(temporary, path) == 0 else { throw fileError("write", path) }
    }
  }

  /// `body` fills the empty folder it is given, which then takes the place of whatever folder was at `path`.
  public static func replaceFolder(_ path: String, _ body: (_ temporary: String) throws -> Void) throws {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    try inPlace(of: path) { temporary in
      guard mkdir(temporary, 0o777) == 0 else { throw fileError("write", path) }
      try body(temporary)
      for name in try FileManager.default.subpathsOfDirectory(atPath: temporary) { try sync(temporary + "/" + name) }
      try sync(temporary)
      guard rename(temporary, path) != 0 else { return }
      guard errno == ENOTEMPTY || errno == EEXIST else { throw fileError("write", path) }
      // One system call swaps the two names; the old folder is then ours to remove.
      guard renameat2(AT_FDCWD, temporary, AT_FDCWD, path, UInt32(SHIM_RENAME_EXCHANGE)) == 0 else { throw fileError("replace", path) }
      try remove(temporary)
    }
  }

  /// Between a target's name and the random end of the other one.
  private static let mark = ".tmp-"

  /// Whether what is at `path` is a folder with nothing in it but what a process that was killed left of its writing.
  public static func holdsOnlyUnfinished(_ path: String) throws -> Bool {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return false }
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    return !names.isEmpty && names.allSatisfy { $0.contains(mark) }
  }

  /// Removes what processes that were killed left of their writing in a folder that nobody else writes in.
  public static func removeUnfinished(in folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.contains(mark) { try remove(folder + "/" + name) }
  }

  /// Runs `body` with a fresh name beside `path`, removes what a failure left there, and syncs the folder around both.
  private static func inPlace(of path: String, _ body: (_ temporary: String) throws -> Void) throws {
    try FileGuard.check("write", path)
    let temporary = path + mark + String(UInt32.random(in: .min ... .max), radix: 36)
    do {
      try body(temporary)
    } catch {
      try remove(temporary)
      guard let known = error as? UsageError else { throw error }
      throw UsageError(known.description.replacing(temporary, with: path))
    }
    try sync(parent(of: path))
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Removes a file or a folder with all it holds; what is not there needs no removing.
  private static func remove(_ path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    try FileManager.default.removeItem(atPath: path)
  }

  private static func sync(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fileError("write", path) }
    defer { close(descriptor) }
    // Some file systems cannot sync a folder and say EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw fileError("write", path) }
  }
}
