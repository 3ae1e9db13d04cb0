using Palisade.Kubernetes.Cel;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>Asks x-kubernetes-validations about the values of one object.</summary>
internal sealed class CustomRules
{
    // About 50 ms a rule and half a second an object; what published rules take is a thousandth.
    private const long StepsPerRule = 1_000_000;
    private const long StepsPerObject = 10_000_000;

    private readonly CelBudget _whole = new(StepsPerObject);
    private bool _isSpent;

    public CauseList Causes { get; } = new();

    /// <summary>The rules that stand on one value; <paramref name="told"/> is where failures are told.</summary>
    public void Ask(Place told, Place place, CustomSchema schema, WireValue? old, bool unchanged)
    {
        foreach (var rule in schema.Rules)
        {
            if (_isSpent || (unchanged && !rule.IsTransition))
                continue;
            if (rule.IsTransition && old is null && !rule.OptionalOldSelf)
                continue;
            Ask(rule, told, place, schema, old);
        }
    }

    /// <summary>Rules that compare with before, on a value that stayed as it was and on all below it.</summary>
    public void AskTransitions(Place place, CustomSchema schema, WireValue old)
    {
        if (!schema.HasTransitions)
            return;
        Ask(place, place, schema, old, unchanged: true);
        foreach (var member in place.Members)
        {
            if ((schema[member.Name] ?? schema.Values) is { } part)
                AskTransitions(place[member.Name], part, member.Value);
        }

        if (schema.Items is not { } items || schema.MapKeys.IsEmpty)
            return;
        foreach (var item in place.Items())
            AskTransitions(item, items, item.Value!);
    }

    private void Ask(CustomRule rule, Place told, Place place, CustomSchema schema, WireValue? old)
    {
        var scope = Scope(rule, place, schema, old);
        var at = rule.FieldPath is null ? told : told with { Path = told.Path + rule.FieldPath };
        // Definitions are refused where a rule is no CEL.
        var value = rule.Program is { } program ? Run(program, scope) : new CelError("no CEL");
        switch (value)
        {
            case true:
                return;
            case CelError error when error == CelError.OutOfBudget:
                _isSpent = true;
                Causes.InvalidValue(at, Shown(place), "validation failed due to running out of cost budget, "
                    + "no further validation rules will be run");
                return;
            case CelError error:
                Causes.InvalidValue(at, Shown(place), $"{error.Message} evaluating rule: {rule.Message ?? rule.Rule}");
                return;
            case false:
                Fail(rule, at, place, Message(rule, scope));
                return;
            default:
                Causes.InvalidValue(at, Shown(place), $"the rule's value is no bool: {rule.Rule}");
                return;
        }
    }

    private object? Run(CelProgram program, CelScope? scope)
    {
        var budget = new CelBudget(Math.Min(StepsPerRule, _whole.Left));
        var given = budget.Left;
        var value = program.Evaluate(scope, budget);
        _whole.Spend(given - budget.Left);
        return value;
    }

    private static CelScope? Scope(CustomRule rule, Place place, CustomSchema schema, WireValue? old)
    {
        var self = CelText.Value(place.Value, schema);
        if (!rule.IsTransition)
            return CelScope.Of(("self", self));
        var before = old is null ? null : CelText.Value(old, schema);
        return CelScope.Of(("self", self), ("oldSelf", (rule.OptionalOldSelf, old) switch
        {
            (true, null) => CelOptional.None,
            (true, _) => CelOptional.Of(before),
            _ => before,
        }));
    }

    private string Message(CustomRule rule, CelScope? scope)
    {
        if (rule.MessageProgram is { } program && Run(program, scope) is string made && made.Trim().Length > 0
            && !made.Contains('\n'))
            return made.Trim();
        return rule.Message ?? $"failed rule: {rule.Rule}";
    }

    private void Fail(CustomRule rule, Place at, Place place, string message)
    {
        switch (rule.Reason)
        {
            case "FieldValueForbidden":
                Causes.Forbidden(at, message);
                break;
            case "FieldValueRequired":
                Causes.Required(at, message);
                break;
            case "FieldValueDuplicate":
                Causes.DuplicateValue(at, Shown(place));
                break;
            default:
                Causes.InvalidValue(at, Shown(place), message);
                break;
        }
    }

    private static string Shown(Place place) =>
        place.Value is WireString or WireNumber or WireBool ? CustomTypes.Shown(place) : GoText.Quote("object");
}
