// Pictures of a simulation without a screen: MuJoCo's renderer on Mesa's off-screen library, which is looked for when a picture is first asked for.
#ifndef CMUJOCO_RENDER_H
#define CMUJOCO_RENDER_H

#include <dlfcn.h>
#include <stdlib.h>

/// Mesa's functions; `create` is NULL where the library is missing.
struct dsrl_osmesa {
  void *(*create)(unsigned format, int depth, int stencil, int accumulation, void *shared);
  unsigned char (*make_current)(void *context, void *buffer, unsigned type, int width, int height);
  void (*destroy)(void *context);
};

/// The library, DSRL_LUA_OSMESA's where that is set, is left loaded. Its names must be seen by all: MuJoCo asks for OSMesaGetProcAddress.
static struct dsrl_osmesa dsrl_osmesa_open(void) {
  struct dsrl_osmesa mesa = {0};
  void *library = NULL;
  static const char *const names[] = {"libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so"};
  const char *chosen = getenv("DSRL_LUA_OSMESA");
  if (chosen && *chosen) library = dlopen(chosen, RTLD_NOW | RTLD_GLOBAL);
  else for (int i = 0; i < 3 && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_GLOBAL);
  if (!library) return mesa;
  *(void **)&mesa.make_current = dlsym(library, "OSMesaMakeCurrent");
  *(void **)&mesa.destroy = dlsym(library, "OSMesaDestroyContext");
  if (mesa.make_current && mesa.destroy) *(void **)&mesa.create = dlsym(library, "OSMesaCreateContextExt");
  return mesa;
}

/// What one model's pictures need, and the thread that may draw with it is any one at a time.
struct dsrl_mujoco_picture {
  struct dsrl_osmesa mesa;
  void *context;
  /// Mesa's own screen, which MuJoCo does not draw to but wants to be there.
  unsigned char screen[64 * 64 * 4];
  mjvScene scene;
  mjrContext drawing;
  mjvCamera camera;
  mjvOption option;
};

static bool dsrl_mujoco_picture_current(struct dsrl_mujoco_picture *picture) {
  return picture->mesa.make_current(picture->context, picture->screen, 0x1401 /* GL_UNSIGNED_BYTE */, 64, 64);
}

static void dsrl_mujoco_picture_free(struct dsrl_mujoco_picture *picture) {
  if (!picture) return;
  if (picture->context) {
    if (dsrl_mujoco_picture_current(picture)) mjr_freeContext(&picture->drawing);
    picture->mesa.destroy(picture->context);
  }
  mjv_freeScene(&picture->scene);
  free(picture);
}

__attribute__((noinline)) static bool dsrl_mujoco_picture_prepare(struct dsrl_mujoco_picture *picture, const mjModel *model) {
  DSRL_MUJOCO_GUARDED(
      mjv_makeScene(model, &picture->scene, 2000); mjr_makeContext(model, &picture->drawing, mjFONTSCALE_100);
      mjr_setBuffer(mjFB_OFFSCREEN, &picture->drawing), false)
  return true;
}

/// Ready to draw `model` through its camera `camera`, or a free one for -1; NULL with the reason in dsrl_mujoco_message, which is empty where Mesa is missing.
static struct dsrl_mujoco_picture *dsrl_mujoco_picture_make(const mjModel *model, int camera) {
  dsrl_mujoco_forget();
  struct dsrl_osmesa mesa = dsrl_osmesa_open();
  if (!mesa.create) return NULL;
  struct dsrl_mujoco_picture *picture = calloc(1, sizeof *picture);
  if (!picture) return dsrl_mujoco_note("no memory for a picture"), NULL;
  picture->mesa = mesa;
  mjv_defaultScene(&picture->scene);
  mjr_defaultContext(&picture->drawing);
  mjv_defaultOption(&picture->option);
  mjv_defaultFreeCamera(model, &picture->camera);
  if (camera >= 0) {
    picture->camera.type = mjCAMERA_FIXED;
    picture->camera.fixedcamid = camera;
  }
  picture->context = mesa.create(0x1908 /* GL_RGBA */, 24, 0, 0, NULL);
  if (!picture->context || !dsrl_mujoco_picture_current(picture)) {
    dsrl_mujoco_note("Mesa has no off-screen context");
  } else if (dsrl_mujoco_picture_prepare(picture, model)) {
    return picture;
  }
  dsrl_mujoco_picture_free(picture);
  return NULL;
}

/// Draws the simulation as it is into `pixels` [height, width, 3], the bottom row first; false with the reason in dsrl_mujoco_message.
__attribute__((noinline)) static bool dsrl_mujoco_picture_draw(
    struct dsrl_mujoco_picture *picture, const mjModel *model, mjData *data, int width, int height, unsigned char *pixels) {
  dsrl_mujoco_forget();
  if (!dsrl_mujoco_picture_current(picture)) return dsrl_mujoco_note("Mesa has no off-screen context"), false;
  const mjrRect view = {0, 0, width, height};
  DSRL_MUJOCO_GUARDED(
      if (picture->drawing.offWidth != width || picture->drawing.offHeight != height) mjr_resizeOffscreen(width, height, &picture->drawing);
      mjr_setBuffer(mjFB_OFFSCREEN, &picture->drawing);
      mjv_updateScene(model, data, &picture->option, NULL, &picture->camera, mjCAT_ALL, &picture->scene);
      mjr_render(view, &picture->scene, &picture->drawing); mjr_readPixels(pixels, NULL, view, &picture->drawing), false)
  return true;
}

#endif
