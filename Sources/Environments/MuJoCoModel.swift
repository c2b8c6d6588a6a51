import CMuJoCo
import Tensors

/// What simulations share.
private final class SharedModel {
  private let model: UnsafeMutablePointer<mjModel>

  init(_ model: UnsafeMutablePointer<mjModel>) { self.model = model }
  deinit { mj_deleteModel(model) }
}

/// A MuJoCo model and one simulation of it. Every error of MuJoCo becomes a Swift error; after one, only `reset` makes sense.
///
/// May be used on any thread, by one at a time.
public final class MuJoCoModel {
  private let shared: SharedModel
  private let model: UnsafeMutablePointer<mjModel>
  private let data: UnsafeMutablePointer<mjData>
  /// Made for the first picture.
  private var picture: MuJoCoPicture?
  public let path: String
  /// What MuJoCo remarked when the file was read; empty as a rule.
  public let remarks: String

  private static let handlersInstalled: Void = dsrl_mujoco_install_handlers()
  /// All that mj_step reads: time, position, velocity, activation, warm start, control and applied forces.
  private static let stateSignature = Int32(bitPattern: mjSTATE_INTEGRATION.rawValue)

  /// Reads an XML file. Throws with MuJoCo's own words.
  public convenience init(path: String) throws { try self.init(name: path) { dsrl_mujoco_load(path, $0, $1) } }

  /// Reads a model that the program itself holds; errors speak of `name`.
  convenience init(xml: String, name: String) throws {
    let bytes = Array(xml.utf8)
    try self.init(name: name) { dsrl_mujoco_load_text(bytes, Int32(bytes.count), $0, $1) }
  }

  private init(name path: String, load: (UnsafeMutablePointer<CChar>?, Int32) -> UnsafeMutablePointer<mjModel>?) throws {
    _ = MuJoCoModel.handlersInstalled
    var text = [CChar](repeating: 0, count: 1000)
    let loaded = text.withUnsafeMutableBufferPointer { load($0.baseAddress, Int32($0.count)) }
    remarks = text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    guard let model = loaded else { throw UsageError("MuJoCo cannot read \(path): \(remarks)") }
    shared = SharedModel(model)
    guard let data = dsrl_mujoco_make_data(model) else { throw UsageError("MuJoCo has no memory for a simulation of \(path)") }
    (self.model, self.data, self.path) = (model, data, path)
  }

  /// Another simulation of the same model, which only reads it: several side by side keep it in the processor's cache.
  public init(of other: MuJoCoModel) throws {
    (shared, model, path, remarks) = (other.shared, other.model, other.path, other.remarks)
    guard let data = dsrl_mujoco_make_data(model) else { throw UsageError("MuJoCo has no memory for another simulation of \(path)") }
    self.data = data
  }

  deinit {
    picture = nil  // before what it draws
    mj_deleteData(data)
  }

  /// The library's version, as 337 for 3.3.7.
  public static var version: Int { Int(mj_version()) }
  /// "3.3.7"
  static var versionText: String { String(cString: mj_versionString()) }

  // MARK: What the model says

  /// Seconds per step of the simulation.
  public var timestep: Double { model.pointee.opt.timestep }
  public var positionCount: Int { Int(model.pointee.nq) }
  public var velocityCount: Int { Int(model.pointee.nv) }
  public var controlCount: Int { Int(model.pointee.nu) }
  /// The position every episode starts near: qpos0.
  public var initialPosition: [Double] { copy(model.pointee.qpos0, positionCount) }

  /// The range of each control; infinite where the model does not limit it.
  public var controlRange: Box {
    get throws {
      let range = copy(model.pointee.actuator_ctrlrange, 2 * controlCount)
      let isLimited = UnsafeBufferPointer(start: model.pointee.actuator_ctrllimited, count: controlCount).map { $0 != 0 }
      return try Box(
        low: isLimited.indices.map { isLimited[$0] ? range[2 * $0] : -.infinity },
        high: isLimited.indices.map { isLimited[$0] ? range[2 * $0 + 1] : .infinity })
    }
  }

  // MARK: What the simulation says

  /// Generalised positions, `positionCount` numbers.
  public var position: [Double] { copy(data.pointee.qpos, positionCount) }
  /// Generalised velocities, `velocityCount` numbers.
  public var velocity: [Double] { copy(data.pointee.qvel, velocityCount) }

  /// Where the simulation keeps a quantity; it stays there as long as the model lives. Throws for a body that the model has not.
  func numbers(_ quantity: Reading.Quantity) throws -> UnsafeMutableBufferPointer<Double> {
    let (bodies, velocities) = (Int(model.pointee.nbody), velocityCount)
    let (start, count): (UnsafeMutablePointer<mjtNum>?, Int) =
      switch quantity {
      case .position: (data.pointee.qpos, positionCount)
      case .velocity: (data.pointee.qvel, velocities)
      case .bodyInertia: (data.pointee.cinert, 10 * bodies)
      case .bodyVelocity: (data.pointee.cvel, 6 * bodies)
      case .contactForces: (data.pointee.cfrc_ext, 6 * bodies)
      case .actuatorForces: (data.pointee.qfrc_actuator, velocities)
      case .constraintForces: (data.pointee.qfrc_constraint, velocities)
      case .body(let body): (data.pointee.xpos + 3 * (try number(of: body)), 3)
      case .firstSite: (data.pointee.site_xpos, model.pointee.nsite > 0 ? 3 : 0)
      }
    return UnsafeMutableBufferPointer(start: start, count: count)
  }

  private func number(of body: BodyReference) throws -> Int {
    switch body {
    case .index(let index):
      guard (0..<Int(model.pointee.nbody)).contains(index) else {
        throw UsageError("the bodies of \(path) have the numbers 0 to \(model.pointee.nbody - 1), got \(index)")
      }
      return index
    case .name(let name):
      let index = mj_name2id(model, Int32(bitPattern: mjOBJ_BODY.rawValue), name)
      guard index >= 0 else { throw UsageError("\(path) has no body '\(name)'") }
      return Int(index)
    }
  }

  /// x and y of the mean of all bodies' centres of mass, weighted by mass.
  var massCentre: SIMD2<Double> {
    var sum = SIMD2<Double>.zero
    var mass = 0.0
    for body in 0..<Int(model.pointee.nbody) {
      let own = model.pointee.body_mass[body]
      sum += own * SIMD2(data.pointee.xipos[3 * body], data.pointee.xipos[3 * body + 1])
      mass += own
    }
    return sum / mass
  }

  // MARK: Moving it

  /// Starts anew at this position and velocity, at rest in all else (Gymnasium's reset, then set_state).
  public func reset(position: [Double], velocity: [Double]) throws {
    try check(position, count: positionCount, as: "position")
    try check(velocity, count: velocityCount, as: "velocity")
    dsrl_mujoco_forget()
    mj_resetData(model, data)
    write(position, to: data.pointee.qpos)
    write(velocity, to: data.pointee.qvel)
    try settle(dsrl_mujoco_forward(model, data))
  }

  /// `count` steps under the same control, which MuJoCo clamps to its range; then, where they are wanted, the contact forces on every
  /// body (cfrc_ext), which steps alone leave as they were. Throws where the physics went bad.
  public func step(control: [Double], count: Int, contactForces: Bool = false) throws {
    try check(control, count: controlCount, as: "control")
    dsrl_mujoco_forget()
    write(control, to: data.pointee.ctrl)
    try settle(dsrl_mujoco_step(model, data, Int32(count), contactForces))
  }

  // MARK: Seeing it

  func render(width: Int, height: Int) throws -> Raster {
    let drawer = try picture ?? MuJoCoPicture(model)
    picture = drawer
    return try drawer.draw(model, data, width: width, height: height)
  }

  // MARK: Keeping it

  public var stateCount: Int { Int(mj_stateSize(model, UInt32(bitPattern: MuJoCoModel.stateSignature))) }

  /// All that the following steps depend on, to the bit.
  public var state: [Double] {
    [Double](unsafeUninitializedCapacity: stateCount) { buffer, count in
      if let base = buffer.baseAddress { mj_getState(model, data, base, UInt32(bitPattern: MuJoCoModel.stateSignature)) }
      count = stateCount
    }
  }

  /// Continues from a `state`; what is derived from it is computed anew.
  public func restore(_ state: [Double]) throws {
    guard state.count == stateCount else { throw UsageError("a state of this model holds \(stateCount) numbers, got \(state.count)") }
    dsrl_mujoco_forget()
    mj_resetData(model, data)
    set(state)
    try settle(dsrl_mujoco_forward(model, data))
    set(state)  // for what the line above left changed: the warm start
  }

  // MARK: Pointers

  private func set(_ state: [Double]) {
    state.withUnsafeBufferPointer { mj_setState(model, data, $0.baseAddress, UInt32(bitPattern: MuJoCoModel.stateSignature)) }
  }

  private func copy(_ pointer: UnsafePointer<mjtNum>?, _ count: Int) -> [Double] {
    Array(UnsafeBufferPointer(start: pointer, count: count))
  }
  private func copy(_ pointer: UnsafeMutablePointer<mjtNum>?, _ count: Int) -> [Double] {
    Array(UnsafeBufferPointer(start: pointer, count: count))
  }

  private func write(_ values: [Double], to pointer: UnsafeMutablePointer<mjtNum>?) {
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { pointer?.update(from: base, count: source.count) }
    }
  }

  private func check(_ values: [Double], count: Int, as name: String) throws {
    guard values.count == count else { throw UsageError("the model's \(name) has \(count) numbers, got \(values.count)") }
    guard values.allSatisfy(\.isFinite) else { throw UsageError("the model's \(name) wants finite numbers, got \(values)") }
  }

  /// Throws where the call failed, or MuJoCo met numbers it cannot go on with.
  private func settle(_ succeeded: Bool) throws {
    guard succeeded else { throw UsageError("MuJoCo: \(String(cString: dsrl_mujoco_message()))") }
    guard !dsrl_mujoco_is_bad(data) else { throw UsageError("the simulation went bad; MuJoCo: \(String(cString: dsrl_mujoco_message()))") }
  }
}
