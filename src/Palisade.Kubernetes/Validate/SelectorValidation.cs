namespace Palisade.Kubernetes.Validate;

/// <summary>metav1.LabelSelector (apimachinery ValidateLabelSelector): labels first, then each expression.</summary>
internal static class SelectorValidation
{
    /// <summary>
    /// Checks a selector; <paramref name="tolerateValues"/>: the stored object already had a bad value (updates
    /// only).
    /// </summary>
    public static void Check(Place selector, bool tolerateValues, CauseList causes)
    {
        MetadataValidation.Labels(selector["matchLabels"], causes);
        foreach (var expression in selector["matchExpressions"].Items())
            Expression(expression, tolerateValues, causes);
    }

    private static void Expression(Place expression, bool tolerateValues, CauseList causes)
    {
        var values = expression["values"];
        var op = expression["operator"];
        switch (op.Text)
        {
            case "In" or "NotIn":
                if (values.Count == 0)
                    causes.Required(values, "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist":
                if (values.Count > 0)
                    causes.Forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            default:
                causes.Invalid(op, op.Text, "not a valid selector operator");
                break;
        }

        causes.Invalid(expression["key"], expression["key"].Text, Names.Qualified(expression["key"].Text));
        if (tolerateValues)
            return;
        foreach (var value in values.Items())
            causes.Invalid(value, value.Text, Names.LabelValue(value.Text));
    }
}
