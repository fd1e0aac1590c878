namespace Foretell.Evaluation.Tests;

public class PredictionWindowTests
{
    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 7)]
    [InlineData(3, 20)]
    [InlineData(8, 8)]
    [InlineData(8, 9)]
    [InlineData(8, 50)]
    [InlineData(9, 0)]
    public void Windows_AnyLength_PredictEveryTokenOnceFromHalfAContext(int contextLength, int tokens)
    {
        var window = new PredictionWindow(contextLength, startToken: -1);
        var predicted = new List<int>();
        int[] text = [-1, .. Enumerable.Range(0, tokens)];
        void Predict()
        {
            Assert.InRange(window.Inputs.Length, 0, contextLength);
            for (int position = window.Given - 1; position < window.Inputs.Length; position++)
            {
                int target = window.TargetOf(position);
                int context = Math.Min(target + 1, (contextLength + 1) / 2);
                Assert.True(position + 1 >= context, $"token {target} has {position + 1} tokens of context");
                // What the model sees is the text right before the target.
                Assert.Equal(text[(target - position)..(target + 1)], window.Inputs[..(position + 1)].ToArray());
                predicted.Add(target);
            }
        }
        for (int token = 0; token < tokens; token++)
        {
            window.Add(token);
            if (window.IsFull)
            {
                Predict();
                window.Advance();
            }
        }
        Predict();
        Assert.Equal(Enumerable.Range(0, tokens), predicted);
    }

    [Fact]
    public void Window_MisuseThrows()
    {
        var window = new PredictionWindow(1, 0);
        Assert.Throws<InvalidOperationException>(window.Advance);
        window.Add(3);
        Assert.Throws<InvalidOperationException>(() => window.Add(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PredictionWindow(0, 0));
    }
}
