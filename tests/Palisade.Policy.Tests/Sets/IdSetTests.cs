using CsCheck;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Policy.Tests.Sets;

/// <summary>Sets of bits say what sets of numbers say, wherever their words begin and end.</summary>
public sealed class IdSetTests
{
    private static readonly Gen<HashSet<int>> Sets = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 260].Array[0, 12])
        .Select((at, ids) => ids.Select(id => id + 128 * at).ToHashSet());

    [Fact]
    public void Operations_equal_those_of_plain_sets() => Gen.Select(Sets, Sets).Sample((one, other) =>
    {
        var (left, right) = (IdSet.Of(one), IdSet.Of(other));
        AssertSame(one, left);
        AssertSame(one.Union(other), left.Or(right));
        AssertSame(one.Intersect(other), left.And(right));
        AssertSame(one.Except(other), left.Except(right));
        Assert.Equal(one.Overlaps(other), left.Overlaps(right));
        Assert.Equal(one.Intersect(other).Count(), left.CountShared(right));
        Assert.Equal(one.SetEquals(other), left.Equals(right));
        Assert.All(Enumerable.Range(-70, 770), id => Assert.Equal(one.Contains(id), left.Contains(id)));
    });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void Below_is_all_ids_before_the_limit(int limit) =>
        AssertSame(Enumerable.Range(0, limit), IdSet.Below(limit));

    private static void AssertSame(IEnumerable<int> wanted, IdSet set)
    {
        var sorted = wanted.Order().ToList();
        Assert.Equal(sorted, set);
        Assert.Equal(sorted.Count, set.Count);
        Assert.Equal(sorted.Count == 0, set.IsEmpty);
        Assert.Equal(sorted.Count == 0 ? -1 : sorted[0], set.Lowest);
        // Equal sets are equal however they came to be.
        Assert.Equal(IdSet.Of(sorted), set);
        Assert.Equal(IdSet.Of(sorted).GetHashCode(), set.GetHashCode());
    }
}
