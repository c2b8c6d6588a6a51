import Glibc
import Synchronization
import Tensors

/// The processes of one run under mpirun, and what they tell each other. Without mpirun there is one, and no MPI is needed.
///
/// Every call is collective: all ranks make the same calls in the same order.
public final class Ranks: @unchecked Sendable {
  /// Of this process, from 0, as MPI counts.
  public let rank: Int
  public let size: Int
  private let mpi: MPILibrary?
  /// What was told so far.
  public private(set) var traffic = Traffic()

  /// Messages between ranks, of which this one was part.
  public struct Traffic: Sendable {
    public var messages = 0
    /// That this rank gave.
    public var bytes = 0
    /// In the calls, waiting for slower ranks included.
    public var seconds = 0.0
  }

  private init(_ mpi: MPILibrary?) { (self.mpi, rank, size) = (mpi, mpi?.rank ?? 0, mpi?.size ?? 1) }

  /// One process that is all there is.
  public static let alone = Ranks(nil)

  // MARK: Beginning and end

  private static let found = Result { try begin() }
  private static let hasBegun = Atomic<Bool>(false)

  /// Those of the mpirun that started this process; joins them at the first call. Throws where MPI is missing, or another than mpirun's.
  public static func world() throws -> Ranks { try found.get() }

  /// How many ranks the environment promises, as Open MPI, PMI (MPICH, Intel, Slurm) and PMIx say it; nil outside of a job.
  private static func promised() -> Int? {
    func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
    return number("OMPI_COMM_WORLD_SIZE") ?? number("PMI_SIZE") ?? (getenv("PMIX_RANK") == nil ? nil : number("SLURM_STEP_NUM_TASKS"))
  }

  /// Processes of this job on this machine, where that is told.
  public static var neighbours: Int {
    for name in ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE"] {
      if let count = getenv(name).flatMap({ Int(String(cString: $0)) }), count > 0 { return count }
    }
    return 1
  }

  private static func begin() throws -> Ranks {
    guard let promised = promised(), promised > 1 else { return alone }
    let openMPI = ["libmpi.so.40", "libmpi.so.80"], mpich = ["libmpich.so.12", "libmpi.so.12"]
    let names = getenv("OMPI_COMM_WORLD_SIZE") == nil ? mpich + openMPI : openMPI + mpich
    let ranks = Ranks(try MPILibrary(getenv("DSRL_LIBMPI").map { [String(cString: $0)] } ?? names))
    hasBegun.store(true, ordering: .relaxed)
    guard ranks.size == promised else {
      throw UsageError("mpirun started \(promised) ranks, '\(ranks.mpi?.name ?? "")' knows of \(ranks.size): it is not the library of this mpirun; DSRL_LIBMPI names another")
    }
    return ranks
  }

  /// To be called before the process ends. Where all came to the same end (`together`) they part; else this rank's end is every rank's,
  /// so that none waits for ever. Nothing where no rank was joined.
  public static func leave(_ code: Int32, together: Bool) {
    guard hasBegun.load(ordering: .relaxed), case .success(let ranks) = found, let mpi = ranks.mpi else { return }
    guard !together else { return mpi.end() }
    // The first rank has the run's folder: it may be about to write there what happened.
    if ranks.rank > 0 { sleep(1) }
    mpi.end(all: code)
  }

  // MARK: Bytes

  private func timed<R>(_ bytes: Int, _ body: (MPILibrary) throws -> R, alone: () throws -> R) throws -> R {
    guard let mpi else { return try alone() }
    let span = Profile.Span("MPI message"); defer { span.end() }
    let began = Ranks.clock()
    defer {
      traffic.messages += 1
      traffic.bytes += bytes
      traffic.seconds += Ranks.clock() - began
    }
    return try body(mpi)
  }

  private static func clock() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  /// What every rank gives, in their order; the lengths may differ.
  public func allgather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    guard size > 1 else { return [bytes] }
    var counts = [Int](repeating: 0, count: size)
    try timed(8, { mpi in
      try withUnsafeBytes(of: bytes.count) { own in
        try counts.withUnsafeMutableBytes { all in
          guard let source = own.baseAddress, let target = all.baseAddress else { return }
          try mpi.gather(source, target, 8)
        }
      }
    }, alone: {})
    var all = [UInt8](repeating: 0, count: max(counts.reduce(0, +), 1))
    try timed(bytes.count, { mpi in
      try (bytes + [0]).withUnsafeBytes { own in
        try all.withUnsafeMutableBytes { buffer in
          guard let source = own.baseAddress, let target = buffer.baseAddress else { return }
          try mpi.gather(source, target, counts)
        }
      }
    }, alone: {})
    var (parts, start): ([[UInt8]], Int) = ([], 0)
    for count in counts {
      parts.append(Array(all[start..<start + count]))
      start += count
    }
    return parts
  }

  /// What rank `root` gives.
  public func broadcast(_ bytes: [UInt8], from root: Int = 0) throws -> [UInt8] {
    guard size > 1 else { return bytes }
    var count = bytes.count
    try timed(8, { mpi in try withUnsafeMutablePointer(to: &count) { try mpi.broadcast($0, 8, from: root) } }, alone: {})
    var result = rank == root ? bytes : [UInt8](repeating: 0, count: count)
    guard count > 0 else { return [] }
    try timed(rank == root ? count : 0, { mpi in
      try result.withUnsafeMutableBytes { buffer in
        guard let start = buffer.baseAddress else { return }
        try mpi.broadcast(start, count, from: root)
      }
    }, alone: {})
    return result
  }

  public func barrier() throws { try timed(0, { try $0.waitForAll() }, alone: {}) }

  /// What `body` gives on the first rank, which alone does it; where it throws there, all throw.
  public func fromFirst(_ body: () throws -> String) throws -> String {
    guard size > 1 else { return try body() }
    var (text, failure): (String, (any Error)?) = ("", nil)
    if rank == 0 {
      do { text = "+" + (try body()) } catch { (text, failure) = ("-\(error)", error) }
    }
    let told = String(decoding: try broadcast(Array(text.utf8)), as: UTF8.self)
    if let failure { throw failure }
    guard told.hasPrefix("+") else { throw UsageError(String(told.dropFirst())) }
    return String(told.dropFirst())
  }
  public func onFirst(_ body: () throws -> Void) throws {
    _ = try fromFirst {
      try body()
      return ""
    }
  }

  // MARK: Numbers

  /// The sum over the ranks of `values`, of which all have as many.
  public func sum(_ values: [Float]) throws -> [Float] {
    guard size > 1, !values.isEmpty else { return values }
    return try reduce(values, .float, .sum)
  }
  public func largest(_ value: Int) throws -> Int {
    guard size > 1 else { return value }
    return try Int(reduce([Double(value)], .double, .max)[0])
  }

  private func reduce<T>(_ values: [T], _ number: MPILibrary.Number, _ operation: Operation) throws -> [T] {
    try timed(values.count * MemoryLayout<T>.stride, { mpi in
      try [T](unsafeUninitializedCapacity: values.count) { buffer, count in
        try values.withUnsafeBufferPointer { source in
          guard let from = source.baseAddress, let to = buffer.baseAddress else { return }
          try mpi.allreduce(from, to, values.count, number, operation)
        }
        count = values.count
      }
    }, alone: { values })
  }

  // MARK: Tensors

  /// What an operation makes of the ranks' tensors, element by element.
  public enum Operation: String, CaseIterable, Sendable { case mean, sum, max, min }

  /// Throws on every rank where they are in different calls, or their tensors have different shapes.
  public func allreduce(_ tensor: Tensor, _ operation: Operation = .mean) throws -> Tensor {
    try agree("allreduce (\(operation.rawValue)) of shape \(tensor.shape)")
    let values = try size == 1 || tensor.count == 0 ? tensor.values : reduce(tensor.values, .float, operation)
    let result = try Tensor(values, shape: tensor.shape)
    return operation == .mean && size > 1 ? (1 / Float(size)) * result : result
  }

  /// Rank `root`'s tensor, on every rank.
  public func broadcast(_ tensor: Tensor, from root: Int = 0) throws -> Tensor {
    guard 0..<size ~= root else { throw UsageError("a rank from 0 to \(size - 1) expected, got \(root)") }
    try agree("broadcast from rank \(root) of shape \(tensor.shape)")
    let bytes = try broadcast(tensor.values.withUnsafeBytes { Array($0) }, from: root)
    return try Ranks.tensor(bytes, tensor.shape)
  }

  /// Every rank's tensor in their order, on the first rank; nil on the others.
  public func gather(_ tensor: Tensor) throws -> [Tensor]? {
    try agree("gather of shape \(tensor.shape)")
    let all = try allgather(tensor.values.withUnsafeBytes { Array($0) })
    return rank == 0 ? try all.map { try Ranks.tensor($0, tensor.shape) } : nil
  }

  public func barrierForAll() throws {
    try agree("barrier")
    try barrier()
  }

  private static func tensor(_ bytes: [UInt8], _ shape: [Int]) throws -> Tensor {
    try Tensor([Float](unsafeUninitializedCapacity: bytes.count / 4) { buffer, count in
      count = bytes.count / 4
      UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes.prefix(4 * count))
    }, shape: shape)
  }

  /// Throws on every rank unless all are in the same call.
  private func agree(_ call: String) throws {
    guard size > 1 else { return }
    let calls = try allgather(Array(call.utf8)).map { String(decoding: $0, as: UTF8.self) }
    guard let other = calls.indices.first(where: { calls[$0] != calls[0] }) else { return }
    throw UsageError("every rank wants the same call of dsrl.dist with tensors of one shape; got \(calls[0]) on rank 0, \(calls[other]) on rank \(other)")
  }
}
