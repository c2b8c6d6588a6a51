import FoundationEssentials
import Files
import Testing

@testable import Runs

@Suite struct RunFolderTests {
  func manifest(_ folder: String) throws -> Manifest {
    try AtomicFile.write("print(1)\n", to: folder + "/my run.lua")
    return try Manifest(version: "1.2", script: folder + "/my run.lua", seed: 7, threads: 2, options: try JSON(parsing: #"{"hidden": [512], "lr": 3e-4}"#))
  }

  @Test func saysWhatTheRunWas() throws {
    try withFolder { folder in
      let run = try RunFolder(try manifest(folder), runs: folder + "/runs")
      let name = try #require(run.path.split(separator: "/").last)
      #expect(name.hasPrefix("my run-7-2") && name.count == "my run-7-20260102-030405".count, "\(name)")
      #expect(try Manifest.read(run.path).status == .running)
      try AtomicFile.write("return {}\n", to: folder + "/module.lua")
      try run.add(module: folder + "/module.lua")
      try run.end(.failed, error: "a \"mistake\"")
      let read = try Manifest.read(run.path)
      #expect(read.status == .failed && read.error == "a \"mistake\"" && read.seed == 7 && read.threads == 2 && read.version == "1.2")
      // printf 'print(1)\n' | sha256sum
      #expect(read.scriptSHA256 == "cc42155088fca5730758db72b2a5bca33112a941dfaa2d43098ec422ce4ea213")
      #expect(read.modules.count == 1 && read.options["lr"]?.number == 3e-4 && read.ended != nil)
      #expect(!read.processor.isEmpty && read.started.count == "2026-01-02T03:04:05Z".count)
    }
  }

  @Test func neverOverwrites() throws {
    try withFolder { folder in
      let manifest = try manifest(folder)
      let out = folder + "/deep/out"
      #expect(try RunFolder(manifest, out: out).path == out)
      #expect(try RunFolder(manifest, out: out + "/").path == out + "-2")
      #expect(try RunFolder(manifest, out: out).path == out + "-3")
      try FileManager.default.createDirectory(atPath: folder + "/empty", withIntermediateDirectories: false)
      #expect(try RunFolder(manifest, out: folder + "/empty").path == folder + "/empty")
      #expect(message { _ = try RunFolder(manifest, out: folder + "/my run.lua/out") }.contains("cannot make the folder"))
      #expect(message { _ = try Manifest(version: "", script: folder + "/none.lua", seed: 1, threads: 1, options: .null) }.contains("none.lua"))
    }
  }

  /// Killed while it wrote its manifest, or a checkpoint.
  @Test func whatAKilledRunLeftIsCleared() throws {
    try withFolder { folder in
      let (manifest, out) = (try manifest(folder), folder + "/out")
      try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: false)
      try AtomicFile.write("", to: out + "/manifest.json.tmp-1x")
      do {
        let run = try RunFolder(manifest, out: out)
        #expect(run.path == out)
        for path in ["learn-1", "learn-1.tmp-2y"] {
          try FileManager.default.createDirectory(atPath: "\(run.checkpoints)/\(path)", withIntermediateDirectories: true)
          try AtomicFile.write("", to: "\(run.checkpoints)/\(path)/a")
        }
      }
      let run = try RunFolder(resuming: out)
      #expect(try FileManager.default.subpathsOfDirectory(atPath: run.checkpoints).sorted() == ["learn-1", "learn-1/a"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: out).sorted() == ["checkpoints", "manifest.json"])
    }
  }

  @Test func programsRunAndEnd() throws {
    let result = try #require(try Command.run(["cat"], input: String(repeating: "abc", count: 100_000)))
    #expect(result.status == 0 && result.output.count == 300_000)
    #expect(try Command.run(["sh", "-c", "echo no >&2; exit 3"])?.errors == "no\n")
    #expect(try Command.run(["sh", "-c", "kill -9 $$"])?.status == 137)
    #expect(try Command.run(["no-such-program-here"]) == nil)
  }
}

extension Command.Result: Equatable {
  public static func == (a: Command.Result, b: Command.Result) -> Bool { a.status == b.status && a.output == b.output && a.errors == b.errors }
}
