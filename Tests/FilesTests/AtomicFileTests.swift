import FoundationEssentials
import Tensors
import Testing

@testable import Files

@Suite struct AtomicFileTests {
  @Test func aFailureLeavesTheOldFile() throws {
    try withFolder { folder in
      try AtomicFile.write("old", to: folder + "/a")
      let text = message {
        try AtomicFile.write(to: folder + "/a") { file in
          try file.write("half")
          throw UsageError("stopped")
        }
      }
      #expect(text == "stopped")
      #expect(try readText(folder + "/a") == "old")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
      try AtomicFile.write("new", to: folder + "/a")
      #expect(try readText(folder + "/a") == "new")
    }
  }

  @Test func errorsNamePathAndReason() throws {
    try withFolder { folder in
      #expect(message { try AtomicFile.write("a", to: folder + "/no/a") } == "cannot write '\(folder)/no/a': No such file or directory")
      #expect(message { try NPZ.write([("a", Tensor.scalar(1))], to: folder + "/no/a.npz") }.contains("'\(folder)/no/a.npz': "))
      #expect(message { try AtomicFile.write("a", to: folder) } == "cannot write '\(folder)': Is a directory")
      #expect(message { _ = try readBytes(folder + "/a") } == "cannot read '\(folder)/a': No such file or directory")
      #expect(message { _ = try readBytes(folder) } == "cannot read '\(folder)': it is not a regular file")
      #expect(message { try OutputFile.appending(to: "/dev/full").write("a") } == "cannot write '/dev/full': No space left on device")
    }
  }

  @Test func foldersAreReplacedWhole() throws {
    try withFolder { folder in
      let path = folder + "/checkpoint"
      func save(_ text: String) throws {
        try AtomicFile.replaceFolder(path) { temporary in
          try AtomicFile.write(text, to: temporary + "/a")
          try FileManager.default.createDirectory(atPath: temporary + "/deep", withIntermediateDirectories: false)
          try AtomicFile.write(text, to: temporary + "/deep/b")
        }
      }
      try save("one")
      try save("two")
      #expect(try readText(path + "/a") == "two" && readText(path + "/deep/b") == "two")
      #expect(message { try AtomicFile.replaceFolder(path) { _ in throw UsageError("stopped") } } == "stopped")
      #expect(try readText(path + "/a") == "two")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["checkpoint"])
    }
  }

  /// What a killed process left is known by its name, and nothing else is touched.
  @Test func unfinishedWritingIsRemoved() throws {
    try withFolder { folder in
      let empty = folder + "/empty", run = folder + "/run"
      for path in [empty, run, run + "/learn-1.tmp-1abc", run + "/learn-1"] { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
      for path in [run + "/learn-1.tmp-1abc/a", run + "/learn-1/a", run + "/manifest.json.tmp-xyz"] { try Data().write(to: URL(filePath: path)) }
      #expect(try !AtomicFile.holdsOnlyUnfinished(run) && !AtomicFile.holdsOnlyUnfinished(empty) && !AtomicFile.holdsOnlyUnfinished(folder + "/none"))
      try AtomicFile.removeUnfinished(in: run)
      #expect(try FileManager.default.subpathsOfDirectory(atPath: run).sorted() == ["learn-1", "learn-1/a"])
      try Data().write(to: URL(filePath: empty + "/manifest.json.tmp-1"))
      #expect(try AtomicFile.holdsOnlyUnfinished(empty))
    }
  }

  /// While one thread replaces a folder, another always finds it there and whole.
  @Test func readersNeverMissAFolder() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/dsrl-swap-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/checkpoint"
    @Sendable func save(_ text: String) throws { try AtomicFile.replaceFolder(path) { try AtomicFile.write(text, to: $0 + "/a") } }
    try save("0")
    let writer = Task.detached { for i in 1...100 { try save(String(i)) } }
    for _ in 0..<2000 { #expect(Int(try readText(path + "/a")) != nil) }
    try await writer.value
    #expect(try readText(path + "/a") == "100")
  }
}
