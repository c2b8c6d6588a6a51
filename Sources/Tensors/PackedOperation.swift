import COneDNN
import Glibc

/// One oneDNN primitive for fixed sizes; any number of threads may hold it, each runs it through a `PackedCall` of its own.
final class PackedOperation: @unchecked Sendable {
  let handle: onednn_operation
  /// Whether a matmul was made to add a matrix, and behind an activation.
  private let addedArgument: Int32

  private init(_ handle: onednn_operation, addedArgument: Int32 = onednn_added_first) { (self.handle, self.addedArgument) = (handle, addedArgument) }
  deinit { dnnl_primitive_destroy(handle.primitive) }

  /// result [rows, outputs] = activation(source [rows, inputs] · weights + bias) + added.
  static func linear(
    rows: Int, inputs: Int, outputs: Int, source: Precision, result: Precision, activation: PackedActivation, adds: Bool
  ) throws -> PackedOperation {
    var handle = onednn_operation()
    let engine = try OneDNN.engine()
    let status = onednn_matmul(
      &handle, engine, dnnl_dim_t(rows), dnnl_dim_t(outputs), dnnl_dim_t(inputs), source.oneDNN, result.oneDNN, activation.oneDNN,
      activation.oneDNNAlpha, adds ? 1 : 0)
    try OneDNN.check(status, "a product of [\(rows), \(inputs)] and [\(inputs), \(outputs)]")
    return PackedOperation(handle, addedArgument: activation == .none ? onednn_added_first : onednn_added_second)
  }

  /// result = activation(source), `count` elements of float32.
  static func apply(_ activation: PackedActivation, count: Int) throws -> PackedOperation {
    var handle = onednn_operation()
    let engine = try OneDNN.engine()
    let status = onednn_eltwise(&handle, engine, dnnl_dim_t(count), activation.oneDNN, activation.oneDNNAlpha)
    try OneDNN.check(status, "\(activation) of \(count) elements")
    return PackedOperation(handle)
  }

  /// A copy from one layout or type of a matrix to another.
  static func convert(_ source: dnnl_memory_desc_t, to result: dnnl_memory_desc_t) throws -> PackedOperation {
    var handle = onednn_operation()
    let engine = try OneDNN.engine()
    let status = withUnsafePointer(to: source) { from in withUnsafePointer(to: result) { onednn_reorder(&handle, engine, from, $0) } }
    try OneDNN.check(status, "a change of layout")
    return PackedOperation(handle)
  }

  /// A copy of `rows` rows of `columns` numbers from float32 to `precision`.
  static func convert(rows: Int, columns: Int, to precision: Precision) throws -> PackedOperation {
    let (rows, columns) = (dnnl_dim_t(rows), dnnl_dim_t(columns))
    return try convert(onednn_matrix(rows, columns, dnnl_f32, columns, 1), to: onednn_matrix(rows, columns, precision.oneDNN, columns, 1))
  }

  /// The operation with its memory: what `call` reads and writes whenever it runs.
  func call(
    source: UnsafeRawPointer, weights: UnsafeRawPointer? = nil, bias: UnsafeRawPointer? = nil, adding: UnsafeRawPointer? = nil,
    result: UnsafeMutableRawPointer
  ) throws -> PackedCall {
    let call = try PackedCall(self)
    try call.give(DNNL_ARG_SRC, handle.source, source)
    try call.give(DNNL_ARG_DST, handle.destination, UnsafeRawPointer(result))
    if let weights { try call.give(DNNL_ARG_WEIGHTS, handle.weights, weights) }
    if let bias { try call.give(DNNL_ARG_BIAS, handle.bias, bias) }
    if let adding {
      var sum = handle.destination
      sum.data_type = dnnl_f32
      try call.give(addedArgument, sum, adding)
    }
    return call
  }
}

/// A computation bound to memory. One thread at a time; the memory must outlive it.
protocol PackedStep: AnyObject {
  func run() throws
}

/// A packed layer bound to memory.
protocol PackedLayerCall: PackedStep {
  /// Reads the bias from `pointer` from now on; whole panels of 16 must be readable.
  func setBias(_ pointer: UnsafePointer<Float>) throws
}

/// A `PackedOperation` bound to memory.
final class PackedCall: PackedLayerCall {
  private let operation: PackedOperation
  private var stream: dnnl_stream_t?
  private var arguments: [dnnl_exec_arg_t] = []
  private let scratch: PackedBuffer

  fileprivate init(_ operation: PackedOperation) throws {
    self.operation = operation
    scratch = withUnsafePointer(to: operation.handle.scratch) { PackedBuffer(bytes: dnnl_memory_desc_get_size($0)) }
    let engine = try OneDNN.engine()
    try OneDNN.check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue), "a stream")
    try give(DNNL_ARG_SCRATCHPAD, operation.handle.scratch, UnsafeRawPointer(scratch.pointer))
  }
  deinit {
    for argument in arguments { dnnl_memory_destroy(argument.memory) }
    dnnl_stream_destroy(stream)
  }

  fileprivate func give(_ argument: Int32, _ description: dnnl_memory_desc_t, _ pointer: UnsafeRawPointer) throws {
    var memory: dnnl_memory_t?
    let engine = try OneDNN.engine()
    let status = withUnsafePointer(to: description) { dnnl_memory_create(&memory, $0, engine, UnsafeMutableRawPointer(mutating: pointer)) }
    try OneDNN.check(status, "a view of memory")
    arguments.append(dnnl_exec_arg_t(arg: argument, memory: memory))
  }

  func setBias(_ pointer: UnsafePointer<Float>) throws {
    for argument in arguments where argument.arg == DNNL_ARG_BIAS {
      try OneDNN.check(dnnl_memory_set_data_handle(argument.memory, UnsafeMutableRawPointer(mutating: pointer)), "a bias")
    }
  }

  @inline(__always)
  func run() throws {
    let status = dnnl_primitive_execute(operation.handle.primitive, stream, Int32(arguments.count), arguments)
    if status != dnnl_success { try OneDNN.check(status, "running a primitive") }
  }
}

/// Zeroed memory, aligned for the widest vectors; half a megabyte and more asks for 2 MB pages, which one row's product with it feels.
final class PackedBuffer: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer

  init(bytes: Int) {
    let page = bytes >= 1 << 19 ? 1 << 21 : 64
    let size = Swift.max(bytes + page - 1, page) & ~(page - 1)
    pointer = .allocate(byteCount: size, alignment: page)
    if page > 64 { madvise(pointer, size, MADV_HUGEPAGE) }
    pointer.initializeMemory(as: UInt8.self, repeating: 0, count: size)
  }
  deinit { pointer.deallocate() }

  var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
}

/// oneDNN's processor engine, and its failures as errors.
enum OneDNN {
  private struct Engine: @unchecked Sendable { let handle: dnnl_engine_t? }
  private static let shared: Result<Engine, UsageError> = {
    var handle: dnnl_engine_t?
    let status = dnnl_engine_create(&handle, dnnl_cpu, 0)
    guard status == dnnl_success else { return .failure(UsageError("oneDNN has no processor engine: \(name(status))")) }
    return .success(Engine(handle: handle))
  }()

  /// Also keeps oneDNN's own threads out of the calling one.
  static func engine() throws -> dnnl_engine_t? {
    omp_set_num_threads(1)
    return try shared.get().handle
  }

  /// Whether its matrix products take packed weights at speed: with AVX-512, unless ONEDNN_MAX_CPU_ISA says otherwise.
  static let hasPackedProducts: Bool = {
    let wanted = dnnl_cpu_isa_avx512_core.rawValue
    return dnnl_get_effective_cpu_isa().rawValue & wanted == wanted
  }()

  static func check(_ status: dnnl_status_t, _ what: @autoclosure () -> String) throws {
    guard status == dnnl_success else { throw UsageError("oneDNN failed at \(what()): \(name(status))") }
  }

  private static func name(_ status: dnnl_status_t) -> String { String(cString: dnnl_status2str(status)) }
}
