using System.Globalization;
using Palisade.Policy.Compile;
using Palisade.Tests.Shared;
using Xunit;

namespace Palisade.Policy.Tests.Compile.Incremental;

/// <summary>
/// After any history an engine has what a fresh compile has, and one who follows its deltas has it too.
/// </summary>
public sealed class RandomEventsTests
{
    private static readonly EventShape Small = new()
    {
        Cluster = new ClusterShape { MaxPods = 9, MaxPolicies = 5, MaxClusterPolicies = 3 },
        Steps = 150,
        Every = 1,
        Probes = 6,
    };

    private static readonly EventShape Large = new()
    {
        Cluster = new ClusterShape { MaxPods = 150, MaxPolicies = 40, MaxClusterPolicies = 8 },
        Steps = 1500,
        Every = 50,
        Probes = 200,
    };

    /// <summary>
    /// 40,000 events looked at one by one and 15,000 by the fifty; 20 times that with PALISADE_NIGHTLY=1, a tenth where
    /// wrong meanings are tried.
    /// </summary>
    private static readonly double Times =
        EventRuns.IsOfMutants ? 0.1
        : Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 20
        : 1;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(5, 3)]
    [InlineData(1, 2)]
    public void Small_clusters_equal_a_fresh_compile_after_every_event(int policies, int clusterPolicies)
    {
        var shape = Small with
        {
            Cluster = Small.Cluster with { MaxPolicies = policies, MaxClusterPolicies = clusterPolicies },
        };
        AtLeast((int)(8_000 * Times), shape, 1000ul * (ulong)(10 * policies + clusterPolicies));
    }

    [Fact]
    public void Larger_clusters_equal_a_fresh_compile_after_fifty_events() => AtLeast((int)(15_000 * Times), Large, 1);

    private static void AtLeast(int events, EventShape shape, ulong firstSeed)
    {
        var done = 0;
        for (var seed = firstSeed; done < events; seed++)
            done += EventRuns.Run(shape, seed);
    }
}
