using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;

namespace Palisade.Dataplane.Proof;

/// <summary>For which packets of a scene a step of a rule holds, and for which nobody knows.</summary>
internal readonly record struct StepAnswer(PacketSet Holds, PacketSet WhereUnknown, string? Unknown)
{
    public static StepAnswer Of(Step step, Scene scene, BasePlace place, PacketSpace space, PacketSet live) =>
        step switch
        {
            CompareStep compare => Compare(compare, scene.ValueOf(compare.Field, place, space), space),
            RangeStep range => Range(range, scene.ValueOf(range.Field, place, space), space),
            LookupStep lookup => Lookup(lookup, scene, place, space, live),
            OpaqueStep opaque => Nobody(space, opaque.What),
            _ => Nobody(space, step.GetType().Name),
        };

    private static StepAnswer Nobody(PacketSpace space, string what) => new(PacketSet.None, space.All, what);

    private static StepAnswer Known(PacketSet holds) => new(holds, PacketSet.None, null);

    private static StepAnswer Compare(CompareStep step, FieldValue value, PacketSpace space)
    {
        if (value is IndexOf index)
        {
            // Interfaces are numbered from 1. Which number one has is not known, only that it is none.
            var zero = step.Value.All(b => b == 0);
            return zero && step.Comparison is Comparison.Equal or Comparison.NotEqual
                ? Known(index.Exists == (step.Comparison == Comparison.NotEqual) ? space.All : PacketSet.None)
                : Nobody(space, "the number of an interface");
        }

        if (value is not OpenAddress)
        {
            return Where(
                step, value, space, bytes => IsSo(step.Comparison, bytes.AsSpan().SequenceCompareTo(step.Value)));
        }

        if (AddressBytes.RangeOf(space.Family, step.Field.Mask, step.Value, step.Value) is not var (first, last)
            || !IsPlain(step.Field))
            return Nobody(space, "an address under a mask that is no prefix");
        var (low, high) = step.Comparison switch
        {
            Comparison.Equal or Comparison.NotEqual => space.Atoms.Run(first, last),
            Comparison.Less or Comparison.GreaterOrEqual => (0, space.Atoms.AtomOf(first) - 1),
            _ => (0, space.Atoms.AtomOf(last)),
        };
        var run = high < low ? Bits.None : Bits.Of([(low, high)]);
        var inverted = step.Comparison is Comparison.NotEqual or Comparison.GreaterOrEqual or Comparison.Greater;
        return Known(PacketSet.Of(space.AllFlows, inverted ? space.Atoms.All.Except(run) : run));
    }

    private static bool IsSo(Comparison comparison, int order) => comparison switch
    {
        Comparison.Equal => order == 0,
        Comparison.NotEqual => order != 0,
        Comparison.Less => order < 0,
        Comparison.LessOrEqual => order <= 0,
        Comparison.Greater => order > 0,
        _ => order >= 0,
    };

    private static bool IsPlain(Field field) => field.Xor is null || field.Xor.All(b => b == 0);

    private static StepAnswer Range(RangeStep step, FieldValue value, PacketSpace space)
    {
        if (value is not OpenAddress)
        {
            return Where(step, value, space, bytes =>
            {
                var isBehind = bytes.AsSpan().SequenceCompareTo(step.First) < 0;
                return step.Inverted == (isBehind || bytes.AsSpan().SequenceCompareTo(step.Last) > 0);
            });
        }

        if (!IsPlain(step.Field) || step.Field.Mask is not null)
            return Nobody(space, "a range of masked addresses");
        if (AddressBytes.RangeOf(space.Family, null, step.First, step.Last) is not var (first, last))
            return Nobody(space, "a range of addresses");
        var run = Bits.Of([space.Atoms.Run(first, last)]);
        return Known(PacketSet.Of(space.AllFlows, step.Inverted ? space.Atoms.All.Except(run) : run));
    }

    private static StepAnswer Where(Step step, FieldValue value, PacketSpace space, Func<byte[], bool> holds)
    {
        switch (value)
        {
            case KnownBytes known: return Known(holds(known.Bytes) ? space.All : PacketSet.None);
            case Absent: return Known(PacketSet.None);
            case BytesOfAtoms some:
                var atoms = some.Values.Where(v => holds(v.Bytes)).Aggregate(Bits.None, (all, v) => all.Or(v.Atoms));
                return Known(PacketSet.Of(space.AllFlows, atoms));
            case BytesOfFlow { IsExact: true } exact: return WhereFlows(exact.Of, space, holds);
            case BytesOfFlow flows: return space.OfFlows(step, () => WhereFlows(flows.Of, space, holds));
            default: return Nobody(space, value is UnknownValue unknown ? unknown.What : value.GetType().Name);
        }
    }

    private static StepAnswer WhereFlows(Func<Flow, byte[]?> of, PacketSpace space, Func<byte[], bool> holds)
    {
        var where = space.FlowsWhere(flow => of(flow) is { } bytes && holds(bytes));
        var nobody = space.FlowsWhere(flow => of(flow) is null);
        return new(
            PacketSet.Of(where, space.Atoms.All), PacketSet.Of(nobody, space.Atoms.All),
            nobody.IsEmpty ? null : "bytes of a transport header that is not of this kind");
    }

    private static StepAnswer Lookup(LookupStep step, Scene scene, BasePlace place, PacketSpace space, PacketSet live)
    {
        var isOfFlow = step.Fields.Length == 1 && space.Table.Sets.TryGetValue(step.Set, out var set)
            && set.Opaque is null;
        if (isOfFlow && scene.ValueOf(step.Fields[0], place, space) is BytesOfFlow { IsExact: false } flow)
        {
            return space.OfFlows(step, () => WhereFlows(flow.Of, space, key =>
                step.Inverted != space.Find(space.Table.Sets[step.Set], step.Fields, key) is not null));
        }

        var keys = KeyValues.Of(step.Fields, step.Set, scene, place, space, live);
        if (keys.Unknown is { } what)
            return Nobody(space, what);
        if (keys.IsAbsent)
            return Known(PacketSet.None);
        var found = keys.Found.Aggregate(PacketSet.None, (all, one) => all.Union(one.Packets));
        return Known(step.Inverted ? space.All.Except(found) : found);
    }
}
