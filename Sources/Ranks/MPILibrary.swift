import Glibc
import Tensors

/// An MPI found at run time: its calls, and the handles that its header would name. Open MPI's handles are addresses of its variables, those of
/// MPICH and its kin numbers of 32 bits, which a register for an address carries as well.
struct MPILibrary: @unchecked Sendable {
  typealias Handle = UnsafeMutableRawPointer
  private typealias Reduction = @convention(c) (UnsafeRawPointer?, UnsafeMutableRawPointer?, CInt, Handle?, Handle?, Handle?) -> CInt
  private typealias Spread = @convention(c) (UnsafeMutableRawPointer?, CInt, Handle?, CInt, Handle?) -> CInt
  private typealias Gathering = @convention(c) (UnsafeRawPointer?, CInt, Handle?, UnsafeMutableRawPointer?, CInt, Handle?, Handle?) -> CInt
  private typealias GatheringOfSizes = @convention(c) (
    UnsafeRawPointer?, CInt, Handle?, UnsafeMutableRawPointer?, UnsafePointer<CInt>?, UnsafePointer<CInt>?, Handle?, Handle?
  ) -> CInt
  private typealias Question = @convention(c) (Handle?, UnsafeMutablePointer<CInt>?) -> CInt

  enum Number { case float, double }

  /// The file that was opened.
  let name: String
  let rank: Int
  let size: Int
  private let world, float, double, byte: Handle
  private let operations: [Ranks.Operation: Handle]
  private let allreduce: Reduction
  private let broadcast: Spread
  private let gather: Gathering
  private let gatherOfSizes: GatheringOfSizes
  private let barrier: @convention(c) (Handle?) -> CInt
  private let abort: @convention(c) (Handle?, CInt) -> CInt
  private let finalize: @convention(c) () -> CInt

  /// Opens the first of `names` that is there and joins the other ranks. Throws where there is none, and for one that is no MPI known here.
  init(_ names: [String]) throws {
    guard let (name, library) = names.lazy.compactMap({ name in dlopen(name, RTLD_NOW | RTLD_GLOBAL).map { (name, $0) } }).first else {
      throw UsageError("this is a rank of an MPI job, but there is no MPI library here (tried \(names.joined(separator: ", "))): apt-get install libopenmpi3, or name one in DSRL_LIBMPI")
    }
    func find<T>(_ symbol: String, _ type: T.Type) throws -> T {
      guard let address = dlsym(library, symbol) else { throw UsageError("the library '\(name)' has no \(symbol), so it is no MPI that is known here: Open MPI or MPICH") }
      return unsafeBitCast(address, to: type)
    }
    self.name = name
    if dlsym(library, "ompi_mpi_comm_world") != nil {
      func handle(_ symbol: String) throws -> Handle { try find(symbol, Handle.self) }
      (world, float, double, byte) = try (handle("ompi_mpi_comm_world"), handle("ompi_mpi_float"), handle("ompi_mpi_double"), handle("ompi_mpi_byte"))
      let sum = try handle("ompi_mpi_op_sum")
      operations = [.mean: sum, .sum: sum, .max: try handle("ompi_mpi_op_max"), .min: try handle("ompi_mpi_op_min")]
    } else {
      var text = [CChar](repeating: 0, count: 8192)
      var length: CInt = 0
      _ = try find("MPI_Get_library_version", (@convention(c) (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CInt>?) -> CInt).self)(&text, &length)
      let version = String(decoding: text.prefix(Int(length)).prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      // MPICH's common binary interface: mpich.org/abi
      guard ["MPICH", "Intel", "MVAPICH"].contains(where: version.contains) else {
        throw UsageError("'\(name)' is '\(version)', whose handles are not known here; Open MPI's and those of MPICH and its kin are (DSRL_LIBMPI names another library)")
      }
      func handle(_ number: Int) -> Handle {
        guard let handle = Handle(bitPattern: number) else { preconditionFailure("handles are not zero") }
        return handle
      }
      (world, float, double, byte) = (handle(0x4400_0000), handle(0x4c00_040a), handle(0x4c00_080b), handle(0x4c00_010d))
      let sum = handle(0x5800_0003)
      operations = [.mean: sum, .sum: sum, .max: handle(0x5800_0001), .min: handle(0x5800_0002)]
    }
    allreduce = try find("MPI_Allreduce", Reduction.self)
    broadcast = try find("MPI_Bcast", Spread.self)
    gather = try find("MPI_Allgather", Gathering.self)
    gatherOfSizes = try find("MPI_Allgatherv", GatheringOfSizes.self)
    barrier = try find("MPI_Barrier", (@convention(c) (Handle?) -> CInt).self)
    abort = try find("MPI_Abort", (@convention(c) (Handle?, CInt) -> CInt).self)
    finalize = try find("MPI_Finalize", (@convention(c) () -> CInt).self)

    let begin = try find("MPI_Init_thread", (@convention(c) (Handle?, Handle?, CInt, UnsafeMutablePointer<CInt>?) -> CInt).self)
    var level: CInt = 0
    // One thread at a time calls it: MPI_THREAD_SERIALIZED.
    guard begin(nil, nil, 2, &level) == 0 else { throw UsageError("'\(name)' cannot begin (MPI_Init_thread)") }
    var (place, count): (CInt, CInt) = (0, 1)
    guard try find("MPI_Comm_rank", Question.self)(world, &place) == 0, try find("MPI_Comm_size", Question.self)(world, &count) == 0 else {
      throw UsageError("'\(name)' does not say which rank this is")
    }
    (rank, size) = (Int(place), Int(count))
  }

  private func check(_ code: CInt, _ call: String) throws {
    guard code == 0 else { throw UsageError("\(call) of '\(name)' failed with \(code)") }
  }
  private static func count(_ count: Int) throws -> CInt {
    guard let short = CInt(exactly: count) else { throw UsageError("an MPI message holds at most \(CInt.max) numbers, got \(count)") }
    return short
  }

  /// `target` becomes what the operation makes of every rank's `source`; the mean is left as the sum.
  func allreduce(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int, _ number: Number, _ operation: Ranks.Operation) throws {
    try check(allreduce(source, target, MPILibrary.count(count), number == .float ? float : double, operations[operation], world), "MPI_Allreduce")
  }
  func broadcast(_ bytes: UnsafeMutableRawPointer, _ count: Int, from root: Int) throws {
    try check(broadcast(bytes, MPILibrary.count(count), byte, CInt(root), world), "MPI_Bcast")
  }
  /// `count` bytes of every rank, side by side.
  func gather(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int) throws {
    try check(gather(source, MPILibrary.count(count), byte, target, MPILibrary.count(count), byte, world), "MPI_Allgather")
  }
  /// The same of ranks that give `counts` bytes each.
  func gather(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ counts: [Int]) throws {
    var (places, total) = ([CInt](), 0)
    for count in counts {
      places.append(try MPILibrary.count(total))
      total += count
    }
    let sizes = try counts.map(MPILibrary.count)
    try check(gatherOfSizes(source, sizes[rank], byte, target, sizes, places, byte, world), "MPI_Allgatherv")
  }
  func waitForAll() throws { try check(barrier(world), "MPI_Barrier") }
  func end() { _ = finalize() }
  /// Ends every rank.
  func end(all code: Int32) { _ = abort(world, code) }
}
