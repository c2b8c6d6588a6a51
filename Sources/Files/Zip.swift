import CZip
import Glibc
import Tensors

/// A zip archive open for reading, through libzip.
final class ZipReader {
  let path: String
  let entries: [(name: String, index: UInt64, size: Int)]
  /// The indices of the compressed ones.
  let deflated: Set<UInt64>
  private let archive: OpaquePointer

  /// `kind` is what the file should be, for errors.
  init(_ path: String, as kind: String = "an npz archive") throws {
    self.path = path
    // libzip takes an empty file for an empty archive, and says little about a missing one.
    let file = try InputFile(path)
    guard file.size > 0 else { throw UsageError("cannot read '\(path)': it is empty") }
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_RDONLY, &code) else { throw UsageError("cannot read '\(path)' as \(kind): \(zipReason(code))") }
    self.archive = archive
    var entries: [(name: String, index: UInt64, size: Int)] = []
    var deflated: Set<UInt64> = []
    for index in 0..<UInt64(max(0, zip_get_num_entries(archive, 0))) {
      var status = zip_stat_t()
      guard zip_stat_index(archive, index, 0, &status) == 0, let name = status.name else {
        zip_discard(archive)
        throw UsageError("cannot read '\(path)': entry \(index) is damaged")
      }
      // What an entry claims is checked before it is believed: deflate shrinks at most 1032 times.
      let name8 = String(cString: name)
      guard status.comp_method == 0 || status.comp_method == 8 else {
        zip_discard(archive)
        throw UsageError("cannot read '\(path)': '\(name8)' is neither stored nor deflated (zip method \(status.comp_method))")
      }
      guard status.comp_size <= UInt64(file.size), status.size <= status.comp_size * (status.comp_method == 8 ? 1032 : 1) + 64 else {
        zip_discard(archive)
        throw UsageError("cannot read '\(path)': '\(name8)' claims \(status.size) bytes, more than the file can hold")
      }
      entries.append((name8, index, Int(status.size)))
      if status.comp_method == 8 { deflated.insert(index) }
    }
    (self.entries, self.deflated) = (entries, deflated)
  }
  deinit { zip_discard(archive) }

  func open(_ entry: (name: String, index: UInt64, size: Int), _ label: String) throws -> Entry {
    guard let handle = zip_fopen_index(archive, entry.index, 0) else {
      throw UsageError("cannot read \(label): \(String(cString: zip_error_strerror(zip_get_error(archive))))")
    }
    return Entry(handle: handle, label: label, archive: self, left: entry.size)
  }

  /// One entry, read from its start to its end; the end checks its CRC.
  final class Entry {
    private let handle: OpaquePointer
    private let label: String
    private let archive: ZipReader
    private var left: Int

    fileprivate init(handle: OpaquePointer, label: String, archive: ZipReader, left: Int) {
      (self.handle, self.label, self.archive, self.left) = (handle, label, archive, left)
    }
    deinit { zip_fclose(handle) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws {
      var filled = 0
      while filled < buffer.count {
        let got = zip_fread(handle, buffer.baseAddress.map { $0 + filled }, UInt64(buffer.count - filled))
        guard got >= 0 else { throw damaged() }
        guard got > 0 else { throw UsageError("cannot read \(label): it ends early, \(buffer.count - filled) bytes are missing") }
        filled += Int(got)
      }
      left -= filled
      var extra: UInt8 = 0
      // libzip compares the checksum when it meets the end.
      guard left > 0 || zip_fread(handle, &extra, 1) == 0 else { throw damaged() }
    }

    /// Reads over the next `count` bytes.
    func skip(_ count: Int) throws {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
      defer { buffer.deallocate() }
      for start in stride(from: 0, to: count, by: buffer.count) {
        try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, count - start)]))
      }
    }

    private func damaged() -> UsageError {
      UsageError("cannot read \(label): \(String(cString: zip_error_strerror(zip_file_get_error(handle))))")
    }
  }
}

/// A zip archive being written, through libzip; nothing is there before `close`.
final class ZipWriter {
  private let path: String
  private var archive: OpaquePointer?

  init(_ path: String) throws {
    self.path = path
    var code: Int32 = 0
    archive = zip_open(path, ZIP_CREATE | ZIP_EXCL, &code)
    guard archive != nil else { throw UsageError("cannot write '\(path)': \(zipReason(code))") }
  }
  deinit { if let archive { zip_discard(archive) } }

  /// `body` hands over the entry's content piece by piece.
  func add(_ name: String, compressed: Bool, _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws {
    guard let archive else { return }
    var size = 0
    try body { size += $0.count }
    // libzip frees what it is given, at once or with the archive, by free().
    guard let content = malloc(max(size, 1)) else { throw UsageError("cannot write '\(path)': no memory for the \(size) bytes of '\(name)'") }
    var place = 0
    do {
      try body { piece in
        UnsafeMutableRawBufferPointer(start: content + place, count: piece.count).copyMemory(from: piece)
        place += piece.count
      }
    } catch {
      free(content)
      throw error
    }
    guard let source = zip_source_buffer(archive, content, UInt64(size), 1) else {
      free(content)
      throw failure()
    }
    let index = zip_file_add(archive, name, source, UInt32(ZIP_FL_ENC_UTF_8))
    guard index >= 0 else {
      zip_source_free(source)
      throw failure()
    }
    // The same arrays make the same bytes whatever the clock says: 1 January 1980, as numpy's.
    let dated = zip_file_set_dostime(archive, UInt64(index), 0, 0b0000000_0001_00001, 0)
    let method = zip_set_file_compression(archive, UInt64(index), compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0)
    guard dated == 0, method == 0 else { throw failure() }
  }

  func close() throws {
    guard let archive else { return }
    guard zip_close(archive) == 0 else { throw failure() }
    self.archive = nil
  }

  private func failure() -> UsageError {
    UsageError("cannot write '\(path)': \(archive.map { String(cString: zip_error_strerror(zip_get_error($0))) } ?? "it is closed")")
  }
}

private func zipReason(_ code: Int32) -> String {
  var error = zip_error_t()
  zip_error_init_with_code(&error, code)
  defer { zip_error_fini(&error) }
  return String(cString: zip_error_strerror(&error))
}
