import FoundationEssentials
import Tensors
import Testing

@testable import Files

/// Files of h5py's, by scripts/fixtures/data_files.py.
@Suite struct HDF5Tests {
  private func path(_ name: String = "kinds.hdf5") -> String { fixture(name).replacing("/files/", with: "/data/") }

  @Test(arguments: ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "big_f4", "big_i4"])
  func readsEveryKindOfNumber(kind: String) throws {
    let file = try HDF5File(path())
    let key = "numbers/" + kind
    #expect(try file.tensor(key).values == (0..<24).map(Float.init))
    #expect(try file.shape(key) == [2, 3, 4])
    #expect(try file.tensor(key, rows: 1..<2).values == (12..<24).map(Float.init))
    #expect(try file.doubles(key).values == (0..<24).map(Double.init))
    #expect(try file.integers(key).values == Array(0..<24))
  }

  @Test func readsTruthScalarsTextAndAttributes() throws {
    let file = try HDF5File(path())
    #expect(try file.tensor("truth").values == [1, 0, 1])
    #expect(try file.tensor("scalar").values == [2.5] && file.shape("scalar") == [])
    #expect(try file.tensor("hard").values == [2.5])
    #expect(try file.tensor("none").shape == [0, 3])
    #expect(try file.strings("fixed") == ["ab", "cde"] && file.strings("text") == ["ä", "longer"])
    #expect(try file.attributes() == [
      "text": .string("word"), "number": .number(3), "real": .number(2.5), "flag": .bool(true), "list": .array([.number(1), .number(2)]),
      "words": .array([.string("a"), .string("bc")]), "nothing": .null,
    ])
    #expect(try file.kind("numbers") == .group && file.kind("absent") == nil && file.kind("scalar/below") == nil)
  }

  /// Deflated, shuffled, in chunks of 64 x 2 with checksums.
  @Test(arguments: [0..<1000, 0..<1, 63..<65, 100..<900, 999..<1000]) func readsRowsOfChunks(rows: Range<Int>) throws {
    let file = try HDF5File(path())
    #expect(try file.tensor("packed", rows: rows).values == (5 * rows.lowerBound..<5 * rows.upperBound).map(Float.init))
    #expect(try file.rows("packed", at: [rows.lowerBound, 7]).values == ((0..<5).map { Float(5 * rows.lowerBound + $0) } + [35, 36, 37, 38, 39]))
  }

  @Test(arguments: [
    ("absent", "has no array 'absent'; it has elsewhere, empty"), ("text", "'text': it holds text, numbers are wanted"), ("records", "'records': it holds records"),
    ("soft", "'soft': it is a link, which is not followed"), ("elsewhere", "'elsewhere': it is a link, which is not followed"),
    ("outside", "'outside': "), ("virtual", "'virtual': "), ("empty", "has no array 'empty'"), ("numbers", "has no array 'numbers'"),
  ])
  func saysWhatItCannotRead(key: String, wanted: String) throws {
    let file = try HDF5File(path())
    let text = message { _ = try file.tensor(key) }
    #expect(text.contains(wanted) && text.contains("kinds.hdf5"), "\(text)")
    #expect(try file.tensor("scalar").values == [2.5])  // and goes on
    #expect(message { _ = try file.tensor("packed", rows: 0..<1001) }.contains("'packed' has shape [1000, 5], row 1001 is wanted"))
  }

  @Test func writesWhatItReads() throws {
    try withFolder { folder in
      let path = folder + "/it's \"new\".hdf5"
      let long = try Tensor((0..<3_000_000).map { Float($0 % 1000) }, shape: [1_500_000, 2])
      try AtomicFile.replace(path) { temporary in
        let file = try HDF5Writer(temporary)
        try file.group("a")
        try file.write(try Tensor(signed, shape: [6, 4]), rows: 2..<5, to: "a/part")
        try file.write(long, rows: 0..<1_500_000, to: "b/c/long")
        try file.write([true, false, true][...], to: "truth")
        for (name, value) in [("text", JSON.string("ä")), ("whole", .number(-3)), ("real", .number(0.5))] { try file.attribute(name, value, of: "a") }
        try file.close()
      }
      let file = try HDF5File(path)
      #expect(try file.tensor("a/part").values == Array(signed[8..<20]))
      #expect(try file.tensor("b/c/long").values == long.values)
      #expect(try file.tensor("truth").values == [1, 0, 1])
      #expect(try file.attributes("a") == ["text": .string("ä"), "whole": .number(-3), "real": .number(0.5)])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
      #expect(message { _ = try HDF5Writer(folder + "/nowhere/x.hdf5") }.contains("nowhere/x.hdf5"))
    }
  }

  @Test func whatIsNoHDF5IsSaid() throws {
    try withFolder { folder in
      for (bytes, wanted) in [([], "it is empty"), (Array("no such thing".utf8), "libhdf5 cannot open it")] as [([UInt8], String)] {
        try AtomicFile.write(bytes, to: folder + "/x.hdf5")
        #expect(message { _ = try HDF5File(folder + "/x.hdf5") }.contains(wanted))
      }
      #expect(try HDF5File.isOne(path()) && !HDF5File.isOne(folder + "/x.hdf5"))
      #expect(message { _ = try HDF5File(folder + "/absent.hdf5") }.contains("absent.hdf5"))
    }
  }

  /// Many at once: each file has a process of its own.
  @Test func filesAreReadSideBySide() async throws {
    let path = path()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 { group.addTask { try HDF5File(path).tensor("packed").values.count == 5000 } }
      for try await isRight in group { #expect(isRight) }
    }
  }

  @Test func mutatedFilesNeverCrash() throws {
    try withFolder { folder in
      var random = RandomStream(seed: 1, purpose: "mutations")
      let bytes = try readBytes(path())
      for _ in 0..<300 {
        let path = folder + "/x.hdf5"
        try writeQuickly(mutate(bytes, using: &random), to: path)
        do {
          let file = try HDF5File(path)
          for member in try file.members() {
            do { if case .array = member.kind { _ = try file.tensor(member.name).count } } catch { #expect("\(error)".contains(path), "\(error)") }
          }
          _ = try file.attributes()
        } catch { #expect("\(error)".contains(path), "\(error)") }
      }
    }
  }
}
