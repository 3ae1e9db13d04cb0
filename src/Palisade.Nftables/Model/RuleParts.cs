using System.Collections.Immutable;
using Palisade.Nftables.Expressions;

namespace Palisade.Nftables;

/// <summary>
/// Joins the parts of a rule; a match on family or protocol that an earlier part made is not repeated, as in nft.
/// </summary>
internal static class RuleParts
{
    internal static ImmutableArray<Expression> Join(ReadOnlySpan<ImmutableArray<Expression>> parts)
    {
        var joined = ImmutableArray.CreateBuilder<Expression>();
        var made = new HashSet<(Expression, Expression)>();
        foreach (var part in parts)
        {
            for (var i = 0; i < part.Length; i++)
            {
                if (i + 1 < part.Length && IsDependency(part[i], part[i + 1]) && !made.Add((part[i], part[i + 1])))
                    i++;
                else
                    joined.Add(part[i]);
            }
        }

        return joined.ToImmutable();
    }

    private static bool IsDependency(Expression load, Expression compare) =>
        load is Meta { Key: MetaKey.NfProto or MetaKey.L4Proto or MetaKey.Protocol }
            or Payload { Base: PayloadBase.Link, Offset: 12, Length: 2 }
        && compare is Compare { Operator: CompareOperator.Equal };
}
