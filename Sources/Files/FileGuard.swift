import Glibc
import Synchronization
import Tensors

/// Where this program's own functions may read and write files: everywhere, until a sandboxed run is confined to its folder.
public enum FileGuard {
  private struct Bounds {
    var folder: String
    /// Lua modules may be read here.
    var modules: [String]
  }
  private static let bounds = Mutex<Bounds?>(nil)

  /// From now on `check` refuses what is not inside `folder`, or a .lua file to read inside one of `modules`.
  public static func confine(to folder: String, modules: [String]) throws {
    let resolved = try ([folder] + modules).map { path in
      guard let real = resolve(path) else { throw UsageError("there is no folder '\(path)'") }
      return real
    }
    bounds.withLock { $0 = Bounds(folder: resolved[0], modules: Array(resolved[1...])) }
  }

  /// Throws where `path` may not be used so; `verb` is "read" or "write". Links are followed first.
  public static func check(_ verb: String, _ path: String) throws {
    guard let bounds = bounds.withLock(\.self) else { return }
    if let real = resolve(path) {
      if real == bounds.folder || real.hasPrefix(bounds.folder + "/") { return }
      if verb == "read", real.hasSuffix(".lua"), bounds.modules.contains(where: { real.hasPrefix($0 + "/") }) { return }
    }
    throw UsageError("cannot \(verb) '\(path)': a sandboxed script uses files in its run's folder only")
  }

  /// The absolute path of what is there, or of what could be made in a folder that is; nil where that folder is missing too.
  private static func resolve(_ path: String) -> String? {
    if let real = realpath(path, nil) {
      defer { free(real) }
      return String(cString: real)
    }
    let slash = path.lastIndex(of: "/")
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    guard !["", ".", ".."].contains(name), let real = realpath(parent, nil) else { return nil }
    defer { free(real) }
    // A link to nothing would be followed by whoever makes the file.
    var status = stat()
    guard lstat(path, &status) != 0 else { return nil }
    return String(cString: real) + "/" + name
  }
}
