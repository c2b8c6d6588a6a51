import FoundationEssentials
import Glibc
import Testing

@testable import Files

@Suite struct FileGuardTests {
  /// In a process of its own, which stays confined.
  @Test func confinesToAFolder() async {
    await #expect(processExitsWith: .success) {
      let root = FileManager.default.temporaryDirectory.path + "/guard-\(UInt64.random(in: .min ... .max))"
      for folder in ["inside", "inside/deep", "outside", "modules"] {
        try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
      }
      try AtomicFile.write("x", to: root + "/outside/file")
      try AtomicFile.write("x", to: root + "/modules/m.lua")
      symlink("../outside/file", root + "/inside/link")
      symlink("../outside/new", root + "/inside/dangling")
      symlink("../outside", root + "/inside/folder")
      try FileGuard.confine(to: root + "/inside", modules: [root + "/modules"])

      for path in ["inside/new", "inside/deep/new", "inside/deep/../new", "inside"] { try FileGuard.check("write", "\(root)/\(path)") }
      try FileGuard.check("read", root + "/modules/m.lua")
      let refused = [
        ("write", "outside/file"), ("read", "outside/file"), ("read", "inside/link"), ("write", "inside/link"), ("write", "inside/dangling"),
        ("write", "inside/folder/new"), ("read", "inside/../outside/file"), ("write", "inside/nowhere/new"), ("write", "insider"), ("write", "inside/.."),
        ("write", "modules/m.lua"), ("read", "modules/other"), ("read", ""),
      ]
      for (verb, path) in refused {
        var message = "allowed"
        do { try FileGuard.check(verb, "\(root)/\(path)") } catch { message = "\(error)" }
        #expect(message.hasPrefix("cannot \(verb) '\(root)/\(path)'"), "\(verb) \(path): \(message)")
      }
      #expect(throws: (any Error).self) { try AtomicFile.write("x", to: root + "/outside/file") }
      #expect(throws: (any Error).self) { _ = try readText(root + "/outside/file") }
      #expect(throws: (any Error).self) { _ = try OutputFile.appending(to: root + "/outside/file") }
      try AtomicFile.write("y", to: root + "/inside/new")
      #expect(try readText(root + "/inside/new") == "y")
      try FileManager.default.removeItem(atPath: root)
    }
  }
}
