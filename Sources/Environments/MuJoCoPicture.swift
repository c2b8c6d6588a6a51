import CMuJoCo
import Tensors

/// What draws one MuJoCo model, off-screen and in software.
final class MuJoCoPicture {
  private let picture: UnsafeMutablePointer<dsrl_mujoco_picture>

  init(_ model: UnsafeMutablePointer<mjModel>) throws {
    guard let picture = dsrl_mujoco_picture_make(model, model.pointee.ncam > 0 ? 0 : -1) else {
      let reason = String(cString: dsrl_mujoco_message())
      throw UsageError(
        reason.isEmpty ? "pictures of MuJoCo tasks need Mesa's off-screen library, which cannot be loaded: apt-get install libosmesa6, or name it in DSRL_LUA_OSMESA" : "MuJoCo cannot draw: \(reason)")
    }
    self.picture = picture
  }

  deinit { dsrl_mujoco_picture_free(picture) }

  func draw(_ model: UnsafeMutablePointer<mjModel>, _ data: UnsafeMutablePointer<mjData>, width: Int, height: Int) throws -> Raster {
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    let isDrawn = pixels.withUnsafeMutableBufferPointer {
      dsrl_mujoco_picture_draw(picture, model, data, Int32(width), Int32(height), $0.baseAddress)
    }
    guard isDrawn else { throw UsageError("MuJoCo cannot draw: \(String(cString: dsrl_mujoco_message()))") }
    let stride = 3 * width
    var upright: [UInt8] = []
    upright.reserveCapacity(pixels.count)
    for row in (0..<height).reversed() { upright += pixels[row * stride..<(row + 1) * stride] }
    return Raster(width: width, height: height, pixels: upright)
  }
}
