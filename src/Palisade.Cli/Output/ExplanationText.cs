using Palisade.Cli.Input;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;

namespace Palisade.Cli.Output;

/// <summary>Answers for people: the verdict, then each side with its deciding rule or its near misses.</summary>
internal static class ExplanationText
{
    /// <summary>Prints an answer, a service's backends each with its verdict.</summary>
    public static void Write(Terminal terminal, Answer answer)
    {
        var question = answer.Question;
        terminal.WriteLine($"{Word(terminal, answer.Verdict)}  {question.From} -> {question.To}  {question.PortText}");
        if (question.To.Form == EndpointForm.Service)
        {
            foreach (var backend in answer.Connections)
            {
                var word = Word(terminal, backend.Explanation.Verdict);
                terminal.WriteLine($"  {word}  {backend.To}  {question.ProtocolText} {backend.Connection.Port}");
            }
        }

        var deciding = answer.Deciding;
        terminal.WriteLine("");
        WriteSide(terminal, "egress", deciding.From, deciding.Explanation.Egress);
        WriteSide(terminal, "ingress", deciding.To, deciding.Explanation.Ingress);
        foreach (var note in answer.Notes)
            terminal.WriteLine($"{"note",-8} {note}");
    }

    /// <summary>ALLOW or DENY, coloured on a terminal.</summary>
    public static string Word(Terminal terminal, Verdict verdict) =>
        verdict == Verdict.Allow ? terminal.Green("ALLOW") : terminal.Red("DENY ");

    private static void WriteSide(Terminal terminal, string name, string subject, Side side)
    {
        var word = side.Verdict == Verdict.Allow ? terminal.Green("allow") : terminal.Red("deny ");
        terminal.WriteLine($"{name,-8} {word}  {Because(name, subject, side)}");
        foreach (var pass in side.PassedBy)
            terminal.WriteLine($"{"",-8} passed {Match(name, pass)}");
        foreach (var miss in side.NearMisses)
        {
            var rule = Rule(name, PolicyRef.Of(miss.Policy), miss.Rule);
            terminal.WriteLine($"{"",-8} near   {rule}{Place(miss.Origin)}: {miss.Text}");
        }
    }

    private static string Because(string direction, string subject, Side side) => side.Reason switch
    {
        Reason.NotAPod => $"{subject} is no pod, so no policy judges its {direction}",
        Reason.NotIsolated => $"no policy isolates {subject} for {direction}",
        Reason.Self => "a pod always reaches itself",
        Reason.OwnNode => "a pod and its own node always reach each other",
        Reason.Allowed when side.AllowedBy is { } match => Match(direction, match),
        Reason.Denied when side.DeniedBy is { } match => Match(direction, match),
        _ => $"{subject} is isolated by {string.Join(", ", side.IsolatedBy.Select(Named))}, "
            + "and no rule lets this through",
    };

    private static string Named(NetworkPolicy policy) => $"{policy}{Place(policy.Origin)}";

    private static string Match(string direction, RuleMatch match)
    {
        var closed = match.FailsClosed ? ": not understood, so it denies everything" : "";
        return Rule(direction, match.Policy, match.Rule) + Part(direction, match) + Place(match.Origin) + closed;
    }

    private static string Rule(string direction, PolicyRef policy, int rule)
    {
        var kind = policy.IsOfCluster ? "cluster policy " : "";
        return $"{kind}{policy} {direction}[{rule}]";
    }

    private static string Part(string direction, RuleMatch match)
    {
        var peer = match.Peer is { } p ? $" {(direction == "ingress" ? "from" : "to")}[{p}]" : "";
        return match.Port is { } port ? $"{peer} ports[{port}]" : peer;
    }

    private static string Place(SourceLocation origin) => origin.IsKnown ? $" ({origin})" : "";
}
