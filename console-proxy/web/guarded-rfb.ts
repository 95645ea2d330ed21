import RFB from '@novnc/novnc';

/** A screen of 8K; the two canvases that noVNC makes of it have 270 MB. */
const mostPixels = 7680 * 4320;

/**
 * noVNC, for a server that may be hostile: a screen is no larger than a browser can hold, and a rectangle lies within it,
 * which bounds what each decoder makes room for. The methods are noVNC's own, whose version is pinned.
 */
export class GuardedRfb extends RFB {
  override _resize(width: number, height: number): void {
    if (width * height > mostPixels) this._fail(`a screen of ${width}x${height} is too large`);
    else super._resize(width, height);
  }

  override _handleDataRect(): boolean {
    const { x, y, width, height } = this._FBU;
    if (x + width <= this._fbWidth && y + height <= this._fbHeight) return super._handleDataRect();
    return this._fail('a rectangle lies outside of the screen');
  }
}
