namespace Palisade.Manifests.Generate;

/// <summary>
/// A distribution by some of its quantiles, geometric in between: what is known of a skewed measurement is its median,
/// its mean and its tail.
/// </summary>
internal sealed class Quantiles(params (double Share, double Value)[] points)
{
    /// <summary>
    /// A sample of whole numbers, at least 1, that has the distribution at every seed: one value from each of
    /// <paramref name="count"/> equal slices, in random order.
    /// </summary>
    public int[] Sample(int count, DeterministicRandom random)
    {
        var sample = new int[count];
        for (var i = 0; i < count; i++)
            sample[i] = Math.Max(1, (int)Math.Round(At((i + 0.5) / count)));
        random.Shuffle(sample);
        return sample;
    }

    /// <summary>
    /// Splits a whole into parts by the distribution: each part is at least 1 and at most
    /// <paramref name="most"/>, and they add up to <paramref name="total"/> exactly.
    /// </summary>
    public int[] Split(int total, int count, int most, DeterministicRandom random)
    {
        if (total < count || total > (long)count * most)
            throw new ArgumentOutOfRangeException(nameof(total), total, $"cannot be {count} parts of 1 to {most}");
        var parts = new int[count];
        var weights = Enumerable.Range(0, count).Select(i => At((i + 0.5) / count)).ToArray();
        random.Shuffle(weights);
        var scale = total / weights.Sum();
        for (var i = 0; i < count; i++)
            parts[i] = Math.Clamp((int)(weights[i] * scale), 1, most);
        for (var missing = total - parts.Sum(); missing != 0;)
        {
            var (i, step) = (random.Below(count), Math.Sign(missing));
            if (parts[i] + step < 1 || parts[i] + step > most)
                continue;
            parts[i] += step;
            missing -= step;
        }

        return parts;
    }

    private double At(double share)
    {
        var i = 1;
        while (i < points.Length - 1 && points[i].Share < share)
            i++;
        var ((from, low), (to, high)) = (points[i - 1], points[i]);
        return low * Math.Pow(high / low, (share - from) / (to - from));
    }
}
