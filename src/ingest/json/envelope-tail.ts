import { ArrayElements } from './array-elements.ts';
import type { EnvelopeWalker } from './envelope-walker.ts';
import { cutOff, malformed, type ReadContext, type Stage, type StageResult } from './stage.ts';

/** The stages for an array found by `walker`: its elements, then what follows its `]`. */
export function arrayOf(context: ReadContext, walker: EnvelopeWalker, position: number): Stage {
  return new ArrayElements(context, {
    position,
    afterArray: (nextPosition) => new EnvelopeTail(context, walker, nextPosition),
  });
}

/** Reads what follows the array up to the last bracket, so that an answer that was cut there is not taken for a whole one. */
class EnvelopeTail implements Stage {
  private readonly context: ReadContext;
  private readonly walker: EnvelopeWalker;
  private readonly nextPosition: number;

  constructor(context: ReadContext, walker: EnvelopeWalker, nextPosition: number) {
    this.context = context;
    this.walker = walker;
    this.nextPosition = nextPosition;
  }

  read(bytes: Buffer): StageResult {
    let step = this.walker.walk(bytes, 0);
    if (step.outcome === 'closed') step = this.walker.walk(bytes, step.at);
    if (step.outcome === 'at-array') {
      return { consumed: step.at, next: arrayOf(this.context, this.walker, this.nextPosition) };
    }
    if (step.outcome === 'broken') {
      throw malformed(
        this.walker.isClosed
          ? 'The body goes on after the end of its list of records; send one array, one envelope or NDJSON.'
          : 'The body is not valid JSON behind its list of records.',
      );
    }
    return { consumed: step.at, next: this };
  }

  end(): void {
    if (!this.walker.isClosed) throw cutOff('before its last bracket', this.context.batches.kept);
  }
}
