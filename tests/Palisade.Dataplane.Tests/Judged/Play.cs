using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Judged;

/// <summary>
/// A connection that a written table has an answer for. Ends are namespace/name of a pod, or an address.
/// </summary>
internal sealed record Wanted(string From, string To, Protocol Protocol, ushort Port, bool Allowed);

/// <summary>Plays written tables with packets.</summary>
internal static class Play
{
    /// <summary>
    /// Seats and enforces a cluster, and tries connections: their first packets, and TCP handshakes and UDP echoes. A
    /// connection that is denied must end in silence. Appends what was otherwise than wanted.
    /// </summary>
    public static async Task RunAsync(
        PacketWorld world, ClusterSnapshot cluster, List<Wanted> wanted, string name, List<string> failures)
    {
        world.Seat(cluster, stack: true);
        world.Enforce(PolicyCompiler.Compile(cluster));
        await TryAsync(world, wanted, name, failures);
    }

    /// <summary>The same on a world where all is seated and enforced.</summary>
    public static async Task TryAsync(PacketWorld world, List<Wanted> wanted, string name, List<string> failures)
    {
        var attempts = wanted.Select(w => AttemptOf(world, w)).ToList();
        var expected = wanted.Select(w => w.Allowed).ToList();
        var first = world.Try(attempts, expected);
        Note("first packet", wanted, first);

        var whole = Enumerable.Range(0, wanted.Count).Where(i =>
            attempts[i].From != Place.Beyond && attempts[i].To != Place.Beyond
            && attempts[i].Protocol is Protocol.Tcp or Protocol.Udp).ToList();
        var exchanged = await Exchanges.TryAsync(
            [.. whole.Select(i => attempts[i])], [.. whole.Select(i => expected[i])]);
        Note("exchange", [.. whole.Select(i => wanted[i])], exchanged);

        void Note(string how, List<Wanted> what, bool[] arrived)
        {
            for (var i = 0; i < what.Count; i++)
            {
                if (arrived[i] != what[i].Allowed)
                    failures.Add($"{name}: {what[i]}: the {how} {(arrived[i] ? "went through" : "did not arrive")}");
            }
        }
    }

    private static Attempt AttemptOf(PacketWorld world, Wanted wanted)
    {
        var (from, source) = End(wanted.From);
        var (to, destination) = End(wanted.To);
        return new(from, source, to, destination, wanted.Protocol, wanted.Port);

        (Place, Address) End(string text)
        {
            var pods = world.Cluster.Endpoints;
            for (var i = 0; i < pods.Length; i++)
            {
                if (pods[i].ToString() == text)
                    return (PlaceOf(i), pods[i].Addresses[0]);
            }

            return (Place.Beyond, Address.Parse(text));
        }

        Place PlaceOf(int pod) => world.Cluster.Endpoints[pod].HostNetwork
            ? new(null, world.PlaceOf(world.Cluster.Endpoints[pod].Node))
            : new(world.PlaceOf(pod), null);
    }
}
