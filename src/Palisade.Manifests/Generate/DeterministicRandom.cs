namespace Palisade.Manifests.Generate;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). System.Random promises no
/// fixed sequence across releases of .NET, and a benchmark is only comparable with the same input.
/// </summary>
internal sealed class DeterministicRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits()
    {
        unchecked
        {
            _state += 0x9e3779b97f4a7c15;
            var z = _state;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            return z ^ (z >> 31);
        }
    }

    /// <summary>0 to <paramref name="count"/> - 1. The bias of the remainder is below 2^-32 for every int.</summary>
    public int Below(int count) => (int)(NextBits() % (ulong)count);

    /// <summary>From 0 up to, but not including, 1.</summary>
    public double Unit() => (NextBits() >> 11) * (1.0 / (1ul << 53));

    /// <summary>Yes with this probability.</summary>
    public bool Chance(double probability) => Unit() < probability;

    /// <summary>One of them.</summary>
    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>Puts them in a random order (Fisher and Yates).</summary>
    public void Shuffle<T>(IList<T> items)
    {
        for (var i = items.Count - 1; i > 0; i--)
        {
            var other = Below(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }
}
