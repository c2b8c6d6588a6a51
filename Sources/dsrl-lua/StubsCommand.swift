import Files
import FoundationEssentials
import Glibc
import Script
import Tensors

/// `dsrl-lua stubs DIR`: what editors, checkers and readers want to know of the program, written from its own registry.
enum StubsCommand {
  static let usage = "dsrl-lua stubs DIR"

  /// Returns the exit code.
  static func main(_ words: [String]) -> Int32 {
    guard let folder = words.first, words.count == 1, !folder.hasPrefix("-") else {
      writeError(
        """
        Usage: \(usage)
          dsrl.d.lua     definitions for the Lua language server: put DIR into its workspace.library
          .luacheckrc    the standard "dsrl" for luacheck
          reference.md   every name, its signature and what it does

        """)
      return words == ["--help"] ? ExitCode.good : ExitCode.badCommandLine
    }
    do {
      do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
        throw UsageError("cannot make the folder '\(folder)': \(error)")
      }
      let registry = try Session().lua.registry
      try AtomicFile.write(try EditorDefinitions.text(registry), to: folder + "/dsrl.d.lua")
      try AtomicFile.write(LuacheckStandard.text(registry), to: folder + "/.luacheckrc")
      try AtomicFile.write(try ReferencePage.text(registry), to: folder + "/reference.md")
      return ExitCode.good
    } catch let error as CheckFailure {
      report(error)
      return ExitCode.checkFailed
    } catch {
      report(error)
      return ExitCode.uncaughtError
    }
  }
}
