import LuaBridge
import NeuralNets
import Tensors

/// A denoiser written in Lua: a module whose forward(self, x, t, observation) says what the process asks for.
final class LuaDenoiser: Denoiser {
  let sizes: DenoiserSizes
  let namedParameters: [NamedTensor]
  private let module: LuaReference
  private let roles: TensorRoles

  /// Takes the parameters that the module has now. Throws for a module without a function `forward` and for one without parameters.
  init(_ module: LuaReference, sizes: DenoiserSizes, roles: TensorRoles) throws {
    (self.module, self.sizes, self.roles) = (module, sizes, roles)
    var walk = ModuleWalk(roles)
    let tree = try walk.tree(of: .table(module))
    namedParameters = tree.parameters
    _ = try LuaDenoiser.forward(of: module)
    guard !tree.parameters.isEmpty else { throw LuaError("the module that is to be a policy's network has no parameters") }
    if let buffer = tree.buffers.first {
      throw LuaError("the module that is to be a policy's network has a buffer, '\(buffer.name)', which averaging and saving leave out; a plain Tensor field stays as the script makes it")
    }
  }

  private static func forward(of module: LuaReference) throws -> LuaFunction {
    guard case .function(let function) = try module.raw("forward").value() else {
      throw LuaError("the module that is to be a policy's network has no function 'forward'")
    }
    return function
  }

  func train(_ on: Bool) throws { _ = try trainModule(.table(module), on, roles) }

  func callAsFunction(_ x: Tensor, _ t: Tensor, _ observation: Tensor) throws -> Tensor {
    let said = try LuaDenoiser.forward(of: module).call(returning: TensorLike.self, "forward", module, x, t, observation).tensor
    guard said.shape == x.shape else { throw LuaError("the network's forward(self, x, t, observation) must return a Tensor of x's shape \(x.shape), got \(said.shape)") }
    return said
  }

  func callAsFunction(_ x: Tensor, _ t: Float, _ observation: Tensor) throws -> Tensor { try self(x, Tensor.full(t, [x.shape[0]]), observation) }
}
