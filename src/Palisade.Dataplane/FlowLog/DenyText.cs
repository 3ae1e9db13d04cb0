using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.FlowLog;

/// <summary>Why a side denied, in one sentence.</summary>
internal static class DenyText
{
    public static string Of(Side side, Direction direction, string subject, string ruleName = "") =>
        string.Join("; ", side.Shared.Select(shared => shared.ToString())
            .Append(Cause(side, direction, subject, ruleName)));

    private static string Cause(Side side, Direction direction, string subject, string ruleName)
    {
        var word = direction == Direction.Ingress ? "ingress" : "egress";
        if (side.DeniedBy is { } rule)
        {
            var closed = rule.FailsClosed ? ", which is not understood and so denies everything" : "";
            var name = ruleName.Length > 0 ? $" ({ruleName})" : "";
            return $"denied by {KindOf(rule.Policy)}{rule.Policy} {word}[{rule.Rule}]{name}{closed}";
        }

        var names = side.IsolatedBy.Take(FlowRecord.PolicyLimit).Select(policy => policy.ToString());
        var more = side.IsolatedBy.Length - FlowRecord.PolicyLimit;
        var policies = string.Join(", ", names) + (more > 0 ? $" and {more} more" : "");
        var near = side.NearMisses is [var miss, ..]
            ? $"; nearest: {PolicyRef.Of(miss.Policy)} {word}[{miss.Rule}]: {miss.Text}"
            : "";
        return $"{subject} is isolated for {word} by {policies}, and no rule lets it through{near}";
    }

    private static string KindOf(PolicyRef policy) =>
        policy.IsOfCluster ? "cluster policy " : "";
}
