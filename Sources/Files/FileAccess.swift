import Glibc
import Tensors

/// What the system said about `path`, as a sentence: "cannot write 'a/b.npz': No space left on device".
func fileError(_ verb: String, _ path: String, _ code: Int32 = errno) -> UsageError {
  UsageError("cannot \(verb) '\(path)': \(String(cString: strerror(code)))")
}

/// A regular file open for reading from its start to its end; every error names it.
final class InputFile {
  let path: String
  /// In bytes.
  let size: Int
  private let descriptor: Int32

  init(_ path: String) throws {
    self.path = path
    try FileGuard.check("read", path)
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)  // a pipe nobody writes to would wait for ever
    guard descriptor >= 0 else { throw fileError("read", path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw UsageError("cannot read '\(path)': it is not a regular file")
    }
    size = Int(status.st_size)
  }
  deinit { close(descriptor) }

  /// Fills `buffer`, or throws where the file ends before.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws {
    var filled = 0
    while filled < buffer.count {
      let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw fileError("read", path) }
      guard got > 0 else { throw UsageError("cannot read '\(path)': it ends early, \(buffer.count - filled) bytes are missing") }
      filled += got
    }
  }

  /// The next `count` bytes; `count` must have been checked against `size`.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try read(into: $0) }
    return bytes
  }
}

/// A new file open for writing; `finish` makes it last, `deinit` only closes it.
public final class OutputFile {
  let path: String
  private let descriptor: Int32

  /// Fails where `path` exists already, unless `replacing` or `appending`.
  init(_ path: String, flags: Int32 = O_CREAT | O_EXCL) throws {
    self.path = path
    try FileGuard.check("write", path)
    descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0o666)
    guard descriptor >= 0 else { throw fileError("write", path) }
  }
  deinit { close(descriptor) }

  /// Opens `path` to write at its end, and makes it where it does not exist.
  public static func appending(to path: String) throws -> OutputFile { try OutputFile(path, flags: O_CREAT | O_APPEND) }

  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let put = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      if put < 0 && errno == EINTR { continue }
      guard put >= 0 else { throw fileError("write", path) }
      done += put
    }
  }
  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }
  public func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Waits until the disk has it.
  func finish() throws {
    guard fsync(descriptor) == 0 else { throw fileError("write", path) }
  }
}

/// A whole file's bytes.
public func readBytes(_ path: String) throws -> [UInt8] {
  let file = try InputFile(path)
  return try file.read(file.size)
}

/// A whole file's text; throws where it is not UTF-8.
public func readText(_ path: String) throws -> String {
  guard let text = String(validating: try readBytes(path), as: UTF8.self) else { throw UsageError("'\(path)' is not text in UTF-8") }
  return text
}
