import Glibc
import Tensors

/// Where the files of MuJoCo models lie.
public enum ModelLibrary {
  /// The folders looked in, in this order: DSRL_LUA_MODELS, an installed copy's own, and .deps/models of the package.
  public static var folders: [String] {
    var folders: [String] = []
    if let chosen = getenv("DSRL_LUA_MODELS") { folders.append(String(cString: chosen)) }
    if let executable = executableFolder {
      folders.append(executable + "/../share/dsrl-lua/models")
      folders += packageFolders(above: executable)
    }
    for folder in packageFolders(above: #filePath) where !folders.contains(folder) { folders.append(folder) }
    return folders
  }

  /// The path of the model file `name`: itself where it holds a slash, else looked up in `folders`.
  public static func path(of name: String) throws -> String {
    if name.contains("/") {
      guard isReadable(name) else { throw UsageError("there is no readable model file \(name)") }
      return name
    }
    let folders = folders
    for folder in folders where isReadable(folder + "/" + name) { return folder + "/" + name }
    throw UsageError(
      "the model file \(name) is in none of \(folders.joined(separator: ", ")); run scripts/setup, or name its folder in DSRL_LUA_MODELS")
  }

  /// The .deps/models that exist in the folders above `path`, the nearest first.
  private static func packageFolders(above path: String) -> [String] {
    let parts = path.split(separator: "/")
    let candidates = parts.indices.reversed().map { "/" + parts[..<$0].joined(separator: "/") + "/.deps/models" }
    return candidates.filter(isReadable)
  }

  private static var executableFolder: String? {
    guard let resolved = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved).lastIndex(of: "/").map { String(String(cString: resolved)[..<$0]) }
  }

  private static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }
}
