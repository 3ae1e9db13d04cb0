using System.Collections.Immutable;
using CsCheck;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Tests.Shared;

namespace Palisade.Dataplane.Tests.Reconcile;

/// <summary>
/// However a cluster changes, step after step, the kernel has what a node that just started would have.
/// </summary>
public sealed class SequenceTests
{
    private static readonly ClusterShape Shape =
        new() { MaxNodes = 2, MaxPods = 8, MaxPolicies = 6, MaxClusterPolicies = 3 };

    /// <summary>
    /// 300 steps from cluster to cluster (2,000 with PALISADE_NIGHTLY=1), most of them small; an apply without a change
    /// sends nothing. Now and then somebody else deletes our table, or changes it.
    /// </summary>
    /// <param name="largest">Bytes of a transaction; 4,000 as if the socket could send no more at once.</param>
    [Theory]
    [InlineData(null)]
    [InlineData(4000)]
    public void After_any_sequence_of_changes_the_kernel_has_what_a_fresh_start_gives(int? largest)
    {
        using var space = Create();
        using var socket = space.Run(() => new NftSocket());
        var reconciler = new Reconciler { Largest = largest };
        var cluster = ClusterSnapshot.Of();
        var steps = Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 2000 : 300;
        var (changed, whole, harmed, played) = (0, 0, 0, 0);
        Gen.Select(RandomClusters.Clusters(Shape), Gen.Int[0, 9], Gen.Int[0, 1 << 20], Gen.Int[0, 29]).Sample(
            (next, kind, dice, mischief) =>
            {
                played++;
                cluster = ClusterSteps.Step(cluster, next, kind, dice);
                var network = ClusterSteps.NetworkOf(cluster, dice);
                var desired = Lowering.Lower(PolicyCompiler.Compile(cluster), "n1", network, new()
                {
                    Uplinks = dice % 11 == 0 ? ["wan0"] : [],
                    Mode = dice % 37 == 0 ? EnforcementMode.Observe : EnforcementMode.Enforce,
                });
                if (mischief == 0 && reconciler.Current is not null)
                {
                    Vandalise(socket, dice % 4);
                    harmed++;
                    if (dice % 3 != 0)
                        Assert.False(reconciler.IsUnchanged(socket), "somebody changed the table");
                    else
                        ApplyUnaware(reconciler, socket, desired);
                }
                else
                {
                    Assert.Equal(reconciler.Current is not null, reconciler.IsUnchanged(socket));
                }

                var applied = reconciler.Apply(socket, desired);
                changed += applied.Messages > 0 ? 1 : 0;
                whole += applied.Replaced ? 1 : 0;
                Assert.True(applied.Replaced || applied.Transactions <= 1 || largest is not null, "it was cut");
                AssertKernelHas(socket, desired);
                var (messages, bytes) = (socket.MessagesSent, socket.BytesSent);
                Assert.Equal(new(0, 0, false), reconciler.Apply(socket, desired));
                Assert.Equal((messages, bytes), (socket.MessagesSent, socket.BytesSent));
            },
            iter: steps, threads: 1);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{played} steps, {changed} with a change, {whole} written whole, {harmed} harmed by others");
        Assert.True(harmed > 0, "nobody did any harm");
        Assert.True(changed > steps / 2 && whole < steps / 5, $"{changed} changes, {whole} of them whole");
    }

    /// <summary>What others do to a table that is not theirs.</summary>
    private static void Vandalise(NftSocket socket, int how)
    {
        var transaction = new Transaction(new(NftFamily.Inet, "palisade"));
        switch (how)
        {
            case 0:
                transaction.DestroyTable();
                break;
            case 1:
                transaction.DestroyTable();
                transaction.AddTable();
                break;
            case 2:
                transaction.FlushChain("gates");
                break;
            default:
                transaction.AddElements(
                    new("uplinks", KeyType.InterfaceName), [new(NftKey.Interface("evil0"))]);
                break;
        }

        socket.Commit(transaction);
    }

    /// <summary>
    /// A change that does not know of the harm may be refused or not; a look afterwards tells in any case.
    /// </summary>
    private static void ApplyUnaware(Reconciler reconciler, NftSocket socket, Ruleset desired)
    {
        try
        {
            if (!reconciler.Apply(socket, desired).Replaced)
                Assert.NotEqual(IsSame(socket, desired), !reconciler.IsUnchanged(socket));
        }
        catch (KernelException)
        {
            Assert.Null(reconciler.Current);
        }
    }

    private static bool IsSame(NftSocket socket, Ruleset desired) =>
        socket.Dump(NftFamily.Inet, "palisade") is { } kernel && Sorted(kernel) == Sorted(desired);

    private static void AssertKernelHas(NftSocket socket, Ruleset desired)
    {
        var kernel = socket.Dump(NftFamily.Inet, "palisade");
        Assert.NotNull(kernel);
        if (Sorted(desired) != Sorted(kernel))
            Assert.Equal(NftText.Print(Sorted(desired)), NftText.Print(Sorted(kernel)));
        Assert.Equal(Sorted(desired), Sorted(kernel));
    }

    private static Ruleset Sorted(Ruleset ruleset) => ruleset with
    {
        Counters = [.. ruleset.Counters.OrderBy(counter => counter.Name, StringComparer.Ordinal)],
        Sets = [.. ruleset.Sets.OrderBy(set => set.Name, StringComparer.Ordinal)],
        Chains = [.. ruleset.Chains.OrderBy(chain => chain.Name, StringComparer.Ordinal)],
    };

    private static NetworkNamespace Create()
    {
        try
        {
            return NetworkNamespace.Create("sequence");
        }
        catch (KernelException e)
        {
            Assert.Skip($"NO NETWORK NAMESPACES HERE ({e.Message}): run as root or under unshare -Ur");
            throw;
        }
    }
}
