using System.Globalization;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>Says which packet it is, and what the policies say about it.</summary>
internal sealed class WitnessText(CompiledPolicy policy, string node, LocalEnds ends)
{
    private readonly Evaluator _evaluator = new(policy);

    /// <summary>How good an address is to show a difference with; 0 is best: a pod's.</summary>
    public int Rank(Address address, PacketSpace space)
    {
        if (ends.OwnersOf.ContainsKey(address))
            return 0;
        return space.Forwardable.Contains(space.Atoms.AtomOf(address.Bits)) ? 1 : 2;
    }

    public Witness Packet(Scene scene, Flow flow, Address open)
    {
        var (from, to) = scene.Open == AddressEnd.Source ? (open, scene.Fixed) : (scene.Fixed, open);
        var protocol = flow.HasPorts ? flow.Protocol.Spelling()
            : flow.Transport == Flow.Icmp ? "ICMP"
            : flow.Transport == Flow.Icmpv6 ? "ICMPv6"
            : flow.Transport.ToString(CultureInfo.InvariantCulture);
        var state = scene.IsCut ? "cut" : scene.IsMidstream ? "midstream" : scene.State.ToString().ToLowerInvariant();
        if (scene.IsReply)
            state += " reply";
        if (scene.Service is not null)
            state += " through a service";
        return new(
            from, to, protocol, flow.HasPorts || flow.HasMessageType ? flow.First : null, scene.Input, scene.Output,
            state);
    }

    /// <summary>The sides that this node judges, each with who decides.</summary>
    public string Policy(Scene scene, Flow flow, Witness packet)
    {
        var parties = _evaluator.Parties;
        var (from, to) = (parties.OfAddress(packet.From, node), parties.OfAddress(packet.To, node));
        var explanation = _evaluator.Explain(new(from, to, flow.Protocol, flow.HasPorts ? flow.First : (ushort)0)
        {
            ThroughService = packet.From == packet.To,
        });
        var sides = new List<string>();
        if (IsHere(packet.From))
            sides.Add($"egress of {NameOf(packet.From)} {Side(explanation.Egress)}");
        if (IsHere(packet.To))
            sides.Add($"ingress of {NameOf(packet.To)} {Side(explanation.Ingress)}");
        var state = scene.State is PacketState.Invalid or PacketState.Untracked
            ? $"{scene.State.ToString().ToLowerInvariant()} packets pass isolated pods from and to their node only; "
            : "";
        return state + (sides.Count == 0 ? "no pod of this node is concerned" : string.Join("; ", sides));
    }

    private bool IsHere(Address address) => ends.Ends.Any(end => end.Address == address);

    private string NameOf(Address address) =>
        string.Join(" and ", ends.Ends.Single(end => end.Address == address).Pods.AsEnumerable());

    private static string Side(Side side)
    {
        var verdict = side.Verdict == Verdict.Allow ? "allows it" : "denies it";
        var by = side.AllowedBy ?? side.DeniedBy;
        if (by is not null)
        {
            var direction = by.Direction == Direction.Ingress ? "ingress" : "egress";
            return $"{verdict} by {by.Policy} {direction}[{by.Rule}]";
        }

        return side.Reason switch
        {
            Reason.NoRuleMatches =>
                $"{verdict}: no rule of {string.Join(", ", side.IsolatedBy.Select(p => $"{p.Namespace}/{p.Name}"))}",
            Reason.Self => $"{verdict}: the pod itself",
            Reason.OwnNode => $"{verdict}: its own node",
            _ => $"{verdict}: no policy isolates it",
        };
    }
}
