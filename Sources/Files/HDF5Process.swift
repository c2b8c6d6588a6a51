import CHDF5Server
import Glibc
import Tensors

/// A process of libhdf5's own, asked for one thing after the other: a file that crashes the library ends that process, not this one.
final class HDF5Process {
  enum Operation {
    case open, create, list, attributes, read, strings, group, array, rows, attribute, close

    fileprivate var code: hdf5_operation {
      switch self {
      case .open: HDF5_OPEN
      case .create: HDF5_CREATE
      case .list: HDF5_LIST
      case .attributes: HDF5_ATTRIBUTES
      case .read: HDF5_READ
      case .strings: HDF5_STRINGS
      case .group: HDF5_GROUP
      case .array: HDF5_ARRAY
      case .rows: HDF5_ROWS
      case .attribute: HDF5_ATTRIBUTE
      case .close: HDF5_CLOSE
      }
    }
  }

  /// Of the file, for errors.
  private let path: String
  private let verb: String
  private let process: pid_t
  private let socket: Int32
  private var hasEnded = false

  init(_ verb: String, _ path: String) throws {
    var socket: Int32 = -1
    process = hdf5_server_start(&socket)
    guard process > 0 else { throw UsageError("cannot \(verb) '\(path)': no process for libhdf5 (\(String(cString: strerror(errno))))") }
    (self.path, self.verb, self.socket) = (path, verb, socket)
  }

  deinit {
    close(socket)
    if !hasEnded {
      kill(process, SIGKILL)
      _ = hdf5_server_end(process)
    }
  }

  /// Asks, and returns the answer. `place` is where in the file, for errors; `data` at most 64 MiB.
  @discardableResult
  func ask(
    _ operation: Operation, _ place: String, type: Character = "f", shape: [Int] = [], rows: Range<Int> = 0..<0, data: UnsafeRawBufferPointer? = nil
  ) throws -> [UInt8] {
    try request(operation, place, type: type, shape: shape, rows: rows, data: data)
    var bytes = [UInt8](repeating: 0, count: try answer(place))
    try bytes.withUnsafeMutableBytes { try receive(into: $0) }
    return bytes
  }

  /// Reads numbers of `type` ("f", "d" or "i") straight to where they are wanted.
  func read(_ place: String, type: Character, rows: Range<Int>, into target: UnsafeMutableRawBufferPointer) throws {
    guard target.count > 0 else { return }
    try request(.read, place, type: type, rows: rows)
    var filled = 0
    while filled < target.count {
      let size = try answer(place)
      guard size > 0, size <= target.count - filled else { throw error(place, "other elements came than its shape promises") }
      try receive(into: UnsafeMutableRawBufferPointer(rebasing: target[filled..<filled + size]))
      filled += size
    }
  }

  func error(_ place: String, _ text: String) -> UsageError {
    UsageError("cannot \(verb) '\(path)'" + (["", "/", path].contains(place) ? "" : ": '\(place)'") + ": \(text)")
  }

  private func request(
    _ operation: Operation, _ place: String, type: Character, shape: [Int] = [], rows: Range<Int>, data: UnsafeRawBufferPointer? = nil
  ) throws {
    guard !hasEnded else { throw error(place, "it is closed") }
    var request = hdf5_request()
    let name = Array(place.utf8)
    (request.operation, request.type) = (operation.code.rawValue, UInt32(type.asciiValue ?? 0))
    (request.path_size, request.data_size) = (UInt32(name.count), UInt64(data?.count ?? 0))
    (request.rank, request.start, request.count) = (UInt32(shape.count), Int64(rows.lowerBound), Int64(rows.count))
    withUnsafeMutableBytes(of: &request.shape) { sizes in
      for (index, size) in shape.prefix(32).enumerated() { sizes.storeBytes(of: Int64(size), toByteOffset: 8 * index, as: Int64.self) }
    }
    try withUnsafeBytes(of: &request) { try transmit($0, place) }
    try name.withUnsafeBytes { try transmit($0, place) }
    if let data { try transmit(data, place) }
  }

  /// The size of what follows; throws what the library says instead.
  private func answer(_ place: String) throws -> Int {
    var head = hdf5_answer()
    try withUnsafeMutableBytes(of: &head) { try receive(into: $0) }
    guard head.size < 1 << 40 else { throw error(place, "its process of libhdf5 is damaged") }
    guard head.status != 0 else { return Int(head.size) }
    var text = [UInt8](repeating: 0, count: Int(min(head.size, 4096)))
    try text.withUnsafeMutableBytes { try receive(into: $0) }
    throw error(place, String(decoding: text, as: UTF8.self))
  }

  private func transmit(_ bytes: UnsafeRawBufferPointer, _ place: String) throws {
    var done = 0
    while done < bytes.count {
      let put = send(socket, bytes.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else { throw ended() }
      done += put
    }
  }

  /// Ctrl-C is looked at while the library works.
  private func receive(into buffer: UnsafeMutableRawBufferPointer) throws {
    var filled = 0
    while filled < buffer.count {
      var wanted = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      if poll(&wanted, 1, 200) <= 0 {
        try Interrupt.check()
        continue
      }
      let got = recv(socket, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, 0)
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { throw ended() }
      filled += got
    }
  }

  /// What ended the process.
  private func ended() -> UsageError {
    guard !hasEnded else { return error("", "it is closed") }
    hasEnded = true
    let signal = hdf5_server_end(process)
    return error("", signal == SIGPROF ? "it is damaged: libhdf5 does not come to an end with it" : "it is damaged: libhdf5 crashed on it (\(String(cString: strsignal(signal))))")
  }
}
